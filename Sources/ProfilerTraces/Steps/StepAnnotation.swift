/// A span that the engine named: one step, usually with what its batch held.
public struct StepAnnotation: Hashable, Sendable {
  /// The name as written, such as `execute_context_1(888)_generation_3(3)`.
  public var name: String
  /// The start in nanoseconds since the epoch, or since an unknown origin in old traces.
  public var start: Int64
  /// The duration on the host in nanoseconds: how long the engine took to launch the step, which may
  /// end before the device has begun.
  public var duration: Int64
  /// What the batch held, where the name says so.
  public var batch: StepBatch?
  /// The kernels, copies and fills launched within it, those of graphs too; nil where the source has
  /// no device.
  public var kernels: Tally?

  /// Whether an annotation of this name is a step of an engine or of the profiler.
  static func isStep(_ name: String) -> Bool {
    let prefixes = ["execute_", "step[", "prefill[", "decode[", "capture_", "ProfilerStep#"]
    return prefixes.contains(where: name.hasPrefix)
  }
}

/// The batch of a step, as its annotation tells it.
public struct StepBatch: Hashable, Sendable {
  /// The sequences in prefill.
  public var contextSequences: Int
  /// Their query tokens, where told.
  public var contextTokens: Int?
  /// The sequences in decode.
  public var generationSequences: Int
  /// Their query tokens, where told; more than the sequences with speculative decoding.
  public var generationTokens: Int?
  /// Causal query-key pairs of the prefills, as in `StepShape`, where told.
  public var prefillPairs: Int?
  /// Keys and values that the prefills read, where told.
  public var prefillContext: Int?
  /// Keys and values that the decodes read, where told.
  public var decodeContext: Int?
  /// The size to which a graph was padded, where told.
  public var paddedSize: Int?

  /// Creates a batch.
  public init(
    contextSequences: Int, contextTokens: Int?, generationSequences: Int, generationTokens: Int?
  ) {
    self.contextSequences = contextSequences
    self.contextTokens = contextTokens
    self.generationSequences = generationSequences
    self.generationTokens = generationTokens
  }

  /// The longest context of the decodes, where it follows from their sum.
  public var longestDecodeContext: Int? {
    switch generationSequences {
    case 0: 0
    case 1: decodeContext
    default: nil
    }
  }

  /// The sequences that reach the sampler, where no prefill leaves it open whether it finishes.
  public var sampledSequences: Int? { contextSequences == 0 ? generationSequences : nil }

  /// The rows that a graph was captured for at least: the padded size, or the tokens of the batch.
  var graphSize: Int? {
    if let paddedSize { return paddedSize }
    guard let contextTokens, let generationTokens else { return nil }
    let (sum, overflow) = contextTokens.addingReportingOverflow(generationTokens)
    return overflow ? nil : sum
  }
}
