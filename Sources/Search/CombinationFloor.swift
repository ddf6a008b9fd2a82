import Operators
import Replay
import Scenarios
import Validation

/// What designs of one combination can reach at best, whatever their numbers of engines and routing.
struct CombinationFloor: Sendable {
  /// Why none of them can hold the SLO, or nil.
  var pruning: Pruning?
  /// Requests within the last limits, at most.
  var within = 0
  /// P99 of the time to first token, and of the time per output token, at least; nil where no request has any.
  var timeToFirstToken, timePerOutputToken: Nanoseconds?
  /// Of each kind: how many engines its work takes, if it has to do all of it, at least.
  var needed: [Double] = []
  /// Of each kind: how many engines of it do the work of one of the other kind at most; zero where work cannot be moved.
  var exchange: [Double] = []

  /// - Parameters:
  ///   - kinds: the combination's, in its order.
  ///   - split: how requests are handed over, where they are.
  init(
    _ arrangement: Combination.Arrangement, _ kinds: [KindFloor], _ demand: Demand,
    split: SplitSpace?
  ) {
    let never = DesignOutcome.never
    var (first, later): ([Nanoseconds], [Nanoseconds]) = ([], [])
    var rejected = 0
    for row in 0..<demand.count {
      let times = Self.times(row, arrangement, kinds, demand, split)
      if times == nil { rejected += 1 }
      let (toFirst, perToken) = times ?? (never, never)
      first.append(toFirst)
      if demand.outputs[row] > 1 { later.append(perToken) }
      let isGood =
        toFirst <= demand.last.timeToFirstToken
        && (demand.outputs[row] == 1 || perToken <= demand.last.timePerOutputToken)
      within += isGood ? 1 : 0
    }
    first.sort()
    later.sort()
    timeToFirstToken = DesignOutcome.quantile(demand.last.quantile, first)
    timePerOutputToken = DesignOutcome.quantile(demand.last.quantile, later)
    pruning = Self.pruning(first, later, rejected: rejected, demand)
    guard pruning == nil, demand.isOpen else { return }
    setNeeds(arrangement, kinds, converts: split?.conversionQueue != nil)
  }

  /// The least times of one request: to its first token and for each later one; nil where it is rejected.
  private static func times(
    _ row: Int, _ arrangement: Combination.Arrangement, _ kinds: [KindFloor], _ demand: Demand,
    _ split: SplitSpace?
  ) -> (Nanoseconds, Nanoseconds)? {
    let later = Double(max(1, demand.outputs[row] - 1))
    /// Rounded down: what is measured is rounded to whole nanoseconds.
    func nanoseconds(_ value: Double) -> Nanoseconds {
      Nanoseconds(Int64((value > 0 ? min(value, 1e18) : 0).rounded(.down)) - 1)
    }
    guard arrangement == .split, let split else {
      let serving = kinds.filter { $0.serves[row] }
      guard
        let toFirst = serving.map({ $0.timeToFirstToken(row, demand) }).min(),
        let decoding = serving.map({ $0.decoding(row, demand) }).min()
      else { return nil }
      return (nanoseconds(toFirst), nanoseconds(decoding / later))
    }
    let (prefill, decode) = (kinds[0], kinds[1])
    guard prefill.serves[row], demand.outputs[row] == 1 || decode.serves[row] else { return nil }
    var toFirst = prefill.timeToFirstToken(row, demand)
    var decoding = decode.decoding(row, demand)
    if split.conversionQueue != nil {
      toFirst = min(toFirst, decode.timeToFirstToken(row, demand))
    } else if let size = prefill.group.keyValues {
      var bytes = Double(demand.inputs[row]) * size.bytesPerToken
      // Layer by layer all but the last one's may travel while the prompt is computed.
      if split.transfer.mode == .layerwise { bytes /= Double(size.layers) }
      decoding += 1000 * split.transfer.latency + bytes / split.transfer.bandwidth - 1
    }
    return (nanoseconds(toFirst), nanoseconds(decoding / later))
  }

  /// The first quantile whose least value exceeds its limit.
  private static func pruning(
    _ first: [Nanoseconds], _ later: [Nanoseconds], rejected: Int, _ demand: Demand
  ) -> Pruning? {
    for limit in demand.limits {
      for (reason, name, values, most) in [
        (Pruning.Reason.ttft, "TTFT", first, limit.timeToFirstToken),
        (.tpot, "TPOT", later, limit.timePerOutputToken),
      ] {
        guard let least = DesignOutcome.quantile(limit.quantile, values), least > most else {
          continue
        }
        let percentile = "P\(Int((100 * limit.quantile).rounded()))"
        guard least < DesignOutcome.endless else {
          return Pruning(
            .rejections, Double(rejected),
            limit: Double(Demand.violators(of: values.count, quantile: limit.quantile)),
            text: "\(rejected) of \(demand.count) requests are too long for its engines, so that "
              + "\(percentile) cannot hold")
        }
        return Pruning(
          reason, Double(least.rawValue), limit: Double(most.rawValue),
          text: "\(percentile) of \(name) is at least \(milliseconds(least)) ms, each request "
            + "alone, and may be \(milliseconds(most)) ms")
      }
    }
    return nil
  }

  private mutating func setNeeds(
    _ arrangement: Combination.Arrangement, _ kinds: [KindFloor], converts: Bool
  ) {
    exchange = kinds.map { _ in 0 }
    switch arrangement {
    case .together: needed = [max(kinds[0].needed, kinds[0].neededForPrompts)]
    case .split: needed = [converts ? 0 : kinds[0].neededForPrompts, kinds[1].needed]
    case .mixed:
      needed = kinds.map(\.needed)
      for (one, other) in [(0, 1), (1, 0)] {
        let (mine, others) = (kinds[one].loads, kinds[other].loads)
        // The least that the other kind takes for what this one does in a nanosecond.
        let least = mine.indices.lazy
          .filter { mine[$0] > 0 && kinds[other].serves[$0] }
          .map { others[$0] / mine[$0] }.min()
        exchange[one] = least.map { $0 > 0 ? 1 / $0 : .infinity } ?? 0
      }
    }
  }

  /// Why a design with so many engines of each kind cannot be what is looked for, or nil.
  func pruning(_ counts: [Int], for objective: SearchObjective) -> Pruning? {
    // Without a limit that has to hold, only a design of which no request can be a good one is of no use.
    if objective == .goodput { return within == 0 ? pruning : nil }
    return pruning ?? pruning(counts)
  }

  /// Why so many engines of each kind are too few, or nil.
  private func pruning(_ counts: [Int]) -> Pruning? {
    guard !needed.isEmpty else { return nil }
    for place in counts.indices {
      var engines = Double(counts[place])
      if counts.count == 2, exchange[place] > 0 {
        engines += Double(counts[1 - place]) * exchange[place]
      }
      guard engines < needed[place] else { continue }
      return Pruning(
        .throughput, needed[place], limit: engines,
        text: "its work takes at least \(fixedText(needed[place], decimals: 2)) engines of "
          + "\(counts.count == 1 ? "its kind" : "its \(place == 0 ? "first" : "second") kind"), and it has "
          + "\(fixedText(engines, decimals: 2))")
    }
    return nil
  }
}

/// A duration for a sentence.
func milliseconds(_ time: Nanoseconds) -> String { fixedText(time.milliseconds, decimals: 1) }
