import CostModel

/// The steps in flight of an engine whose layers are shared by several stages.
///
/// A step passes the stages in order, each of which works on one step at a time. A stage takes an
/// equal share of the step's device time, the first one the host time besides; what passing on
/// costs is in the price, as operators of the forward pass.
struct Pipeline {
  /// A step in flight.
  struct Flight {
    var decision: Decision
    /// When it was decided.
    var start: Int64
    /// When it leaves the last stage.
    var end: Int64
    var price: StepPrice
    /// Gaps before its tokens.
    var gaps: [Int64]
  }

  /// The oldest first.
  private var flights: [Flight] = []
  /// When each stage is free.
  private var stageEnds: [Int64]

  /// An empty pipeline; with one stage it is not used.
  init(stages: Int) { stageEnds = Array(repeating: .min, count: max(1, stages)) }

  /// Whether nothing is in flight.
  var isEmpty: Bool { flights.isEmpty }

  /// Whether as many steps as stages are in flight.
  var isFull: Bool { flights.count >= stageEnds.count }

  /// When the oldest step was decided, or nil.
  var firstStart: Int64? { flights.first?.start }

  /// When the oldest step ends, or nil.
  var firstEnd: Int64? { flights.first?.end }

  /// Adds a step after the others.
  mutating func append(_ flight: Flight) { flights.append(flight) }

  /// Takes out the oldest step, if it ends by then.
  mutating func next(endingBy time: Int64) -> Flight? {
    guard let first = flights.first, first.end <= time else { return nil }
    return flights.removeFirst()
  }

  /// When a step that is decided at `start` leaves the last stage; the stages are busy until then.
  mutating func end(of price: StepPrice, from start: Int64) -> Int64 {
    let stage = price.deviceTime.sum() / Double(stageEnds.count)
    var clock = start
    for index in stageEnds.indices {
      clock = Engine.end(
        of: index == 0 ? stage + price.hostTime : stage, from: max(clock, stageEnds[index]))
      stageEnds[index] = clock
    }
    return clock
  }

  /// Forgets a request that is aborted; the tokens that are on their way to it, and the gap before
  /// them.
  mutating func drop(_ slot: Int32, brought: Int32) -> (tokens: Int32, gap: Int64) {
    var missing: (tokens: Int32, gap: Int64) = (0, 0)
    for index in flights.indices {
      if let place = flights[index].decision.laterTokens.firstIndex(of: slot) {
        missing.gap += flights[index].gaps.remove(at: place)
      }
      missing.tokens += flights[index].decision.drop(slot, brought: brought, isDecoding: false)
    }
    return missing
  }
}

extension Scheduler {
  /// Notes that a step's tokens have come out of the pipeline.
  mutating func deliver(_ decision: Decision) {
    for slot in decision.firstTokens { residents[Int(slot)].isInFlight = false }
    for slot in decision.laterTokens { residents[Int(slot)].isInFlight = false }
  }
}
