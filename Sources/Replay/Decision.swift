import Operators

/// What a scheduler decided for one step: what it computes, and what its end brings.
///
/// Slots in these lists are in the order of admission.
struct Decision {
  /// What the step computes; empty if there was nothing to do.
  var shape = StepShape()
  /// Members of the decode set that advance; their tokens follow their last ones by one step.
  var decodes = 0
  /// Requests that are worked on for the first time.
  var admitted: [Int32] = []
  /// Requests whose first token the step's end brings.
  var firstTokens: [Int32] = []
  /// Other requests from outside the decode set that get a token.
  var laterTokens: [Int32] = []
  /// Requests that the step's end finishes.
  var finishing: [Int32] = []
  /// Tokens that the step brings beyond one for each request that gets any: accepted drafts.
  var extraTokens = 0
  /// Whether any memory was taken from a running request, even from one whose last token is on its
  /// way and which ``preempted`` does not count: then nobody is admitted.
  var tookMemory = false
  /// Requests that lost their memory.
  var preempted = 0
  /// Requests that wait.
  var waiting = 0
  /// Key-value blocks that requests hold.
  var blocksInUse = 0

  /// Whether the step does anything.
  var isEmpty: Bool { shape.tokens == 0 }

  /// Forgets a request that is aborted while the step is on its way; how many tokens it misses,
  /// `brought` where it is in a list of those that get any.
  ///
  /// What the step computes stays as it was decided.
  mutating func drop(_ slot: Int32, brought: Int32, isDecoding: Bool) -> Int32 {
    let count = firstTokens.count + laterTokens.count
    admitted.removeAll { $0 == slot }
    firstTokens.removeAll { $0 == slot }
    laterTokens.removeAll { $0 == slot }
    let finishes = finishing.contains(slot)
    finishing.removeAll { $0 == slot }
    if firstTokens.count + laterTokens.count < count {
      extraTokens -= Int(brought) - 1
      return brought
    }
    // A member of the decode set is in no list but, at its end, that of the finishing.
    guard decodes > 0, finishes || isDecoding else { return 0 }
    decodes -= 1
    return 1
  }

  /// Empties everything, keeping the lists' memory.
  mutating func clear() {
    shape = StepShape()
    decodes = 0
    if !admitted.isEmpty { admitted.removeAll(keepingCapacity: true) }
    if !firstTokens.isEmpty { firstTokens.removeAll(keepingCapacity: true) }
    if !laterTokens.isEmpty { laterTokens.removeAll(keepingCapacity: true) }
    if !finishing.isEmpty { finishing.removeAll(keepingCapacity: true) }
    extraTokens = 0
    tookMemory = false
    preempted = 0
  }
}
