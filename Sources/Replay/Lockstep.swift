import CostModel
import Operators

/// Engines that step together: data-parallel ranks whose experts exchange tokens in every layer.
///
/// While any of them has work all step, and those that have none compute a dummy batch of one
/// token (vLLM V1). A step lasts as long as the slowest needs; what arrives meanwhile waits for the
/// next one, on every rank. Prices are asked for one rank after the other.
struct Lockstep {
  /// The engines, by their numbers.
  let members: Range<Int>
  /// Whether each has work in the step that is decided.
  private var works: [Bool]
  /// What each one's part takes.
  private var prices: [StepPrice]
  /// The rank that waits for its price; as many as there are where none does.
  private var next: Int
  /// When the step that is decided begins.
  private var time: Int64 = 0

  /// Engines without a step.
  init(members: Range<Int>) {
    self.members = members
    works = Array(repeating: false, count: members.count)
    prices = Array(repeating: StepPrice(), count: members.count)
    next = members.count
  }

  /// Whether a step is decided and prices are missing.
  var isPricing: Bool { next < members.count }

  /// What the rank that waits for its price computes.
  func shape(_ engines: [Engine]) -> StepShape {
    if works[next] { return engines[members.lowerBound + next].current.shape }
    var dummy = StepShape()
    dummy.addDecode(context: 1)
    return dummy
  }

  /// Decides the step that begins at the engines' boundary; false if none has work.
  mutating func begin(_ engines: inout [Engine], until limit: Int64, chain: [UInt64]) -> Bool {
    time = engines[members.lowerBound].boundary
    for rank in works.indices {
      works[rank] = engines[members.lowerBound + rank].beginStep(until: limit, chain: chain)
    }
    guard works.contains(true) else { return false }
    next = 0
    return true
  }

  /// Takes the price of the rank that waits for it; the last one starts the step.
  mutating func start(
    _ price: StepPrice, _ engines: inout [Engine], until limit: Int64, chain: [UInt64]
  ) {
    prices[next] = price
    next += 1
    guard next == members.count else { return }
    let duration = prices.reduce(0) { max($0, $1.total) }
    for rank in works.indices {
      let engine = members.lowerBound + rank
      if works[rank] {
        engines[engine].start(price: prices[rank], lasting: duration, until: limit, chain: chain)
      } else {
        engines[engine].boundary = Engine.end(of: duration, from: time)
      }
    }
  }
}
