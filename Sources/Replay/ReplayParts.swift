import Scenarios

/// A replay taken apart where its engines have nothing to do with each other, to be run on several
/// threads.
///
///     let parts = simulation.parts(of: requests, atMost: 2)
///     let results = onThreads(parts.count) { simulation.run(parts[$0]) }
///     let result = parts.join(results)
///
/// Round robin looks at nothing that engines do, so that it is known beforehand which of them gets a
/// request; and an engine of its own is touched by nothing but its requests. The joined result is that of
/// ``Simulation/run(_:progress:shouldStop:)``, to the byte, however many parts there are. Where engines do
/// depend on each other (the least loaded one is chosen, turns and clients wait for ends, prefill and
/// decode are apart) there is one part, the whole. Engines in lockstep stay together.
///
/// The parts depend on requests and deployment, not on prices: they serve all replays of these.
public struct ReplayParts: Sendable {
  /// Some of the engines, with the requests that are sent there.
  public struct Part: Sendable {
    /// The requests, in log order.
    let requests: RequestTable
    /// Where each of them stands in the whole log; nil if that is here.
    let rows: [Int32]?
    /// The engines, by their numbers in the whole deployment.
    let engines: Range<Int>
    /// Which of these each request is sent to, counted from the first one, or -1 for none; nil if the
    /// router is to be asked.
    let choices: [Int32]?
  }

  /// All requests.
  private let requests: RequestTable
  private let parts: [Part]

  /// A single part: everything.
  init(whole requests: RequestTable, engines: Int) {
    self.requests = requests
    parts = [Part(requests: requests, rows: nil, engines: 0..<engines, choices: nil)]
  }

  /// Sorts requests by engines.
  ///
  /// - Parameters:
  ///   - choices: the engine of each request; -1 where none can serve it. The first part rejects those.
  ///   - engines: the engines of each part, which follow one another.
  init(_ requests: RequestTable, choices: [Int32], engines: [Range<Int>]) {
    self.requests = requests
    var partOfEngine: [Int] = []
    for (part, engines) in engines.enumerated() {
      partOfEngine += Array(repeating: part, count: engines.count)
    }
    var rows = [[Int32]](repeating: [], count: engines.count)
    for (row, choice) in choices.enumerated() {
      rows[choice < 0 ? 0 : partOfEngine[Int(choice)]].append(Int32(truncatingIfNeeded: row))
    }
    parts = zip(rows, engines).map { rows, engines in
      let first = Int32(truncatingIfNeeded: engines.lowerBound)
      return Part(
        requests: requests.selecting(rows), rows: rows, engines: engines,
        choices: rows.map { max(-1, choices[Int($0)] - first) })
    }
  }

  /// How many parts there are, at least one.
  public var count: Int { parts.count }

  /// A part by its number.
  public subscript(number: Int) -> Part { parts[number] }

  /// The result of the whole replay.
  ///
  /// - Parameter results: What ``Simulation/run(_:progress:shouldStop:)-(ReplayParts.Part,_,_)`` returned
  ///   for each part, in their order, all by one simulation.
  /// - Complexity: O(requests + steps recorded).
  public func join(_ results: [ReplayResult]) -> ReplayResult {
    precondition(results.count == count, "a replay is joined from all of its parts")
    if count == 1 { return results[0] }
    var whole = ReplayResult(requests)
    for (part, result) in zip(parts, results) {
      for (index, row) in (part.rows ?? []).enumerated() {
        whole.outcomes[Int(row)] = result.outcomes[index]
      }
      whole.add(result)
    }
    whole.sortSteps()
    return whole
  }
}

// MARK: - Taking a simulation apart

extension Simulation {
  /// Takes a replay of these requests apart.
  ///
  /// - Parameter count: How many parts there may be, of about equally many requests; one for each thread
  ///   is enough.
  public func parts(of requests: RequestTable, atMost count: Int) -> ReplayParts {
    let units = unitsOfEngines
    let engines = units.last?.upperBound ?? 0
    guard count > 1, units.count > 1, deployment.routing == .roundRobin,
      !deployment.isDisaggregated, !requests.isCoupled
    else { return ReplayParts(whole: requests, engines: engines) }
    let choices = roundRobin(requests)
    var loads = [Int](repeating: 0, count: engines)
    for choice in choices where choice >= 0 { loads[Int(choice)] += 1 }
    let total = loads.reduce(0, +)
    var ranges: [Range<Int>] = []
    var (start, load) = (0, 0)
    for unit in units {
      load += unit.reduce(0) { $0 + loads[$1] }
      // Full where the part, and those before it, have their share; the last one takes what is left.
      guard ranges.count < count - 1, load * count >= total * (ranges.count + 1) else { continue }
      ranges.append(start..<unit.upperBound)
      start = unit.upperBound
    }
    if start < engines { ranges.append(start..<engines) }
    guard ranges.count > 1 else { return ReplayParts(whole: requests, engines: engines) }
    return ReplayParts(requests, choices: choices, engines: ranges)
  }

  /// Engines that must stay together: those of a lockstep group, and every other one for itself.
  private var unitsOfEngines: [Range<Int>] {
    var units: [Range<Int>] = []
    for group in deployment.engines {
      let first = units.last?.upperBound ?? 0
      let engines = first..<(first + max(0, group.count))
      if group.lockstep, !engines.isEmpty {
        units.append(engines)
      } else {
        units += engines.map { $0..<($0 + 1) }
      }
    }
    return units
  }

  /// The engine that each request is sent to; -1 for none.
  private func roundRobin(_ requests: RequestTable) -> [Int32] {
    var groups: [Int] = []
    for (group, engines) in deployment.engines.enumerated() {
      groups += Array(repeating: group, count: max(0, engines.count))
    }
    var choices = [Int32](repeating: -1, count: requests.count)
    var router = Router(policy: .roundRobin)
    for row in requests.arrivalOrder {
      let (input, output) = (requests.inputTokens[Int(row)], requests.outputTokens[Int(row)])
      let engine = router.next(of: groups.count) {
        limits[groups[$0]].canAccept(input: Int(input), output: Int(output))
      }
      if let engine { choices[Int(row)] = Int32(truncatingIfNeeded: engine) }
    }
    return choices
  }
}
