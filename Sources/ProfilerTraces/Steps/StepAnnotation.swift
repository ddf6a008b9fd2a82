/// A span that the engine named: one step, usually with what its batch held.
public struct StepAnnotation: Hashable, Sendable {
  /// The name as written, such as `execute_context_1(888)_generation_3(3)`.
  public var name: String
  /// The start in nanoseconds since the epoch, or since an unknown origin in old traces.
  public var start: Int64
  /// The duration on the host in nanoseconds.
  public var duration: Int64
  /// What the batch held, where the name says so.
  public var batch: StepBatch?
  /// The kernels that it launched.
  public var kernels = Tally()

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
  /// Their query tokens.
  public var contextTokens: Int
  /// The sequences in decode.
  public var generationSequences: Int
  /// Their query tokens.
  public var generationTokens: Int

  /// Creates a batch.
  public init(
    contextSequences: Int, contextTokens: Int, generationSequences: Int, generationTokens: Int
  ) {
    self.contextSequences = contextSequences
    self.contextTokens = contextTokens
    self.generationSequences = generationSequences
    self.generationTokens = generationTokens
  }

  /// Reads the names that vLLM and SGLang write; nil for any other.
  ///
  /// - `execute_context_1(888)_generation_3(3)`, also with more numbers in the brackets
  /// - `execute_891_context_1(sq888sk…)_generation_3(sq3sk…)`
  /// - `step[EXTEND bs=15 toks=15360]`, `step[DECODE bs=32]`
  public init?(annotation name: String) {
    let text = name.prefix(4096)
    if text.hasPrefix("execute_") {
      guard let context = Self.part(text, after: "context_"),
        let generation = Self.part(text, after: "generation_")
      else { return nil }
      self.init(
        contextSequences: context.sequences, contextTokens: context.tokens,
        generationSequences: generation.sequences, generationTokens: generation.tokens)
    } else if text.hasPrefix("step[") {
      guard let sequences = Self.number(text, after: "bs=") else { return nil }
      if text.hasPrefix("step[DECODE") {
        self.init(
          contextSequences: 0, contextTokens: 0, generationSequences: sequences,
          generationTokens: sequences)
      } else {
        guard text.hasPrefix("step[EXTEND"), let tokens = Self.number(text, after: "toks=") else {
          return nil
        }
        self.init(
          contextSequences: sequences, contextTokens: tokens, generationSequences: 0,
          generationTokens: 0)
      }
    } else {
      return nil
    }
  }

  /// Reads `1(888…` or `1(sq888…` after a marker.
  private static func part(
    _ text: Substring, after marker: String
  ) -> (sequences: Int, tokens: Int)? {
    guard let start = text.firstRange(of: marker)?.upperBound,
      let open = text[start...].firstIndex(of: "("), let sequences = Int(text[start..<open])
    else { return nil }
    var rest = text[text.index(after: open)...]
    if rest.hasPrefix("sq") { rest = rest.dropFirst(2) }
    guard let tokens = Int(rest.prefix { $0.isASCII && $0.isNumber }), sequences >= 0 else {
      return nil
    }
    return (sequences, tokens)
  }

  private static func number(_ text: Substring, after marker: String) -> Int? {
    guard let start = text.firstRange(of: marker)?.upperBound else { return nil }
    return Int(text[start...].prefix { $0.isASCII && $0.isNumber })
  }
}
