import CostModel
import Operators

/// Engines that step together: data-parallel ranks whose experts exchange tokens in every layer.
///
/// While any of them has work all step, and those that have none compute a dummy batch of one
/// token (vLLM V1). A step lasts as long as the slowest needs; what arrives meanwhile waits for the
/// next one, on every rank. Prices are asked for one rank after the other; where the ranks hold parts of one
/// set of experts, each price is of a step beside those of all others (``StepShape/groupTokens``).
struct Lockstep {
  /// The engines, by their numbers.
  let members: Range<Int>
  /// Whether ranks hold parts of one set of experts.
  private let dealsExpertsOut: Bool
  /// Whether each has work in the step that is decided.
  private var works: [Bool]
  /// What each one's part takes.
  private var prices: [StepPrice]
  /// The rank that waits for its price; as many as there are where none does.
  private var next: Int
  /// When the step that is decided begins.
  private var time: Int64 = 0
  /// The tokens of all ranks in that step, and the most of one, where they share experts.
  private var groupTokens = 0
  private var fullestTokens = 0

  /// Engines without a step.
  init(members: Range<Int>, dealsExpertsOut: Bool) {
    self.members = members
    self.dealsExpertsOut = dealsExpertsOut
    works = Array(repeating: false, count: members.count)
    prices = Array(repeating: StepPrice(), count: members.count)
    next = members.count
  }

  /// Whether a step is decided and prices are missing.
  var isPricing: Bool { next < members.count }

  /// How many ranks have work in the step that is decided.
  var workingCount: Int { works.count { $0 } }

  /// What the rank that waits for its price computes.
  func shape(_ engines: [Engine]) -> StepShape {
    if works[next] { return engines[members.lowerBound + next].current.shape }
    var dummy = StepShape()
    dummy.addDecode(context: 1)
    (dummy.groupTokens, dummy.fullestTokens) = (groupTokens, fullestTokens)
    return dummy
  }

  /// Decides the step that begins at the engines' boundary; false if none has work.
  mutating func begin(_ engines: inout [Engine], until limit: Int64, chain: [UInt64]) -> Bool {
    time = engines[members.lowerBound].boundary
    for rank in works.indices {
      works[rank] = engines[members.lowerBound + rank].beginStep(until: limit, chain: chain)
    }
    guard works.contains(true) else { return false }
    if dealsExpertsOut { meet(&engines) }
    next = 0
    return true
  }

  /// Tells every rank of the step that is decided what tokens its experts get from all.
  private mutating func meet(_ engines: inout [Engine]) {
    (groupTokens, fullestTokens) = (0, 0)
    for rank in works.indices {
      // Those without work compute their dummy's.
      let tokens = works[rank] ? engines[members.lowerBound + rank].current.shape.tokens : 1
      groupTokens += tokens
      fullestTokens = max(fullestTokens, tokens)
    }
    for rank in works.indices where works[rank] {
      engines[members.lowerBound + rank].meet(tokens: groupTokens, fullest: fullestTokens)
    }
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
        engines[engine].computeDummy(until: Engine.end(of: duration, from: time), from: time)
      }
    }
  }
}
