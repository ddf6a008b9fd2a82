public import CostModel
public import Operators
public import Scenarios

/// Steps that stand for all that a group of engines can be asked for, where no log says what it is.
///
/// Decodes of every batch and context up to the group's limits; prefills of every size, at the
/// beginning of a prompt and in its middle; and full steps of decodes with a chunk of a prompt. Sizes
/// are a third of an octave apart, as sweeps measure octaves and their halves, and it is what lies
/// between that is not known. Each kind of which there are any takes as much of the time as the others,
/// and within it each step as long as any other: no size is rarer than others.
public struct RepresentativeSteps: Sendable {
  /// A step and how often it is run.
  public struct Step: Sendable, Hashable {
    /// The step's batch.
    public var shape: StepShape
    /// How often; weights are relative to each other.
    public var weight: Double
  }

  /// The steps, in a fixed order.
  public let steps: [Step]

  /// Makes the steps.
  ///
  /// - Parameters:
  ///   - group: the engines. Without `blockCount` memory holds any batch.
  ///   - step: what a step costs, so that times can be made equal.
  public init(_ group: EngineGroup, on step: some StepPricing) {
    let memory =
      group.blockCount.map { $0.multipliedReportingOverflow(by: max(1, group.blockSize)) }
    let keys = memory.map { $0.overflow ? Int.max : $0.partialValue } ?? .max
    let lengths = Self.sizes(from: min(16, group.maxModelLength), to: group.maxModelLength)
    var kinds: [[StepShape]] = [[], [], []]
    for sequences in Self.sizes(
      from: 1, to: min(group.maxSequences, group.maxBatchedTokens))
    {
      for context in lengths where context <= keys / sequences {
        let shape = Self.shape(decodes: sequences, context: context)
        kinds[0].append(shape)
        // A chunk fills the step up.
        let chunk = min(group.maxBatchedTokens - sequences, group.maxModelLength)
        guard chunk > 1, group.enablesChunkedPrefill else { continue }
        var mixed = shape
        mixed.addPrefill(tokens: chunk, past: 0, samples: true)
        kinds[2].append(mixed)
      }
    }
    let longest = min(group.maxBatchedTokens, group.maxModelLength)
    for tokens in Self.sizes(from: min(16, longest), to: longest) {
      for past in Set([0, (group.maxModelLength - tokens) / 2]).sorted() {
        var shape = StepShape()
        shape.addPrefill(tokens: tokens, past: past, samples: true)
        kinds[1].append(shape)
      }
    }
    self.steps = kinds.flatMap { shapes in
      shapes.map { shape in
        // A second in all, as if this were a second of serving.
        Step(
          shape: shape, weight: 1e9 / 3 / Double(shapes.count) / max(1, step.price(shape).total))
      }
    }
  }

  private static func shape(decodes: Int, context: Int) -> StepShape {
    var shape = StepShape()
    shape.decodeSequences = decodes
    // At most the keys that memory holds.
    shape.decodeContext = decodes * context
    shape.longestDecodeContext = context
    shape.sampledSequences = decodes
    return shape
  }

  /// Three sizes an octave from `first` up, and `last`.
  private static func sizes(from first: Int, to last: Int) -> [Int] {
    guard last > 0 else { return [] }
    var sizes: [Int] = []
    var size = Double(max(1, first))
    while size.rounded() < Double(last) {
      if sizes.last != Int(size.rounded()) { sizes.append(Int(size.rounded())) }
      size *= 1.259_921_049_894_873
    }
    return sizes + [last]
  }
}
