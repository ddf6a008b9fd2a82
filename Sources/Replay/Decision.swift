import CostModel

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
  /// Requests that lost their memory.
  var preempted = 0
  /// Requests that wait.
  var waiting = 0
  /// Key-value blocks that requests hold.
  var blocksInUse = 0

  /// Whether the step does anything.
  var isEmpty: Bool { shape.tokens == 0 }

  /// Empties everything, keeping the lists' memory.
  mutating func clear() {
    shape = StepShape()
    decodes = 0
    if !admitted.isEmpty { admitted.removeAll(keepingCapacity: true) }
    if !firstTokens.isEmpty { firstTokens.removeAll(keepingCapacity: true) }
    if !laterTokens.isEmpty { laterTokens.removeAll(keepingCapacity: true) }
    if !finishing.isEmpty { finishing.removeAll(keepingCapacity: true) }
    preempted = 0
  }
}
