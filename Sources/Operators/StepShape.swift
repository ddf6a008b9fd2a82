/// What one engine step costs time for: the sums over its batch, and nothing of each request.
///
/// Sums, not means, so that the skew of a batch is kept where it matters (design: "attention of a
/// whole step is described by what costs time").
public struct StepShape: Hashable, Sendable {
  /// Sequences that compute prompt tokens in this step.
  public var prefillSequences: Int = 0
  /// Prompt tokens computed in this step, all sequences together.
  public var prefillTokens: Int = 0
  /// Causal query-key pairs of those tokens: Σ q · past + q · (q + 1) / 2.
  public var prefillPairs: Int = 0
  /// Keys and values that those tokens read: Σ past + q.
  public var prefillContext: Int = 0
  /// Sequences that compute one token after their prompt.
  public var decodeSequences: Int = 0
  /// Keys and values that those read, the new token's included: Σ context.
  public var decodeContext: Int = 0
  /// The longest of those contexts.
  public var longestDecodeContext: Int = 0
  /// Rows that reach the language-model head and the sampler: those of decodes and of prefills that sample.
  public var sampledSequences: Int = 0
  /// Of the sequences in prefill those that verify drafts: to kernels each is a short prompt behind a long past.
  /// Databases of measured steps do not keep it.
  public var verifiedSequences: Int = 0
  /// What those compute.
  public var verifiedTokens: Int = 0
  /// Query tokens of all data-parallel ranks that step together, this one's included; 0 where each of
  /// them computes as many as this one. Only experts that are dealt out among ranks take time for it.
  public var groupTokens: Int = 0
  /// The most query tokens of one of those ranks; 0 where ``groupTokens`` is.
  public var fullestTokens: Int = 0

  /// The largest value of a sum, far beyond any real batch; sums stay there instead of trapping,
  /// and two of them still fit an integer.
  @inlinable
  public static var largestSum: Int { Int.max / 4 }

  /// An empty step.
  @inlinable
  public init() {}

  /// All query tokens of the step.
  @inlinable
  public var tokens: Int { prefillTokens + decodeSequences }

  /// Query tokens of so many ranks that step together.
  @inlinable
  public func tokens(ofRanks ranks: Int) -> Int {
    if groupTokens > 0 { return groupTokens }
    let (all, overflow) = tokens.multipliedReportingOverflow(by: ranks)
    return overflow ? Self.largestSum : Self.clamped(all)
  }

  /// Query tokens of the rank that has the most of them.
  @inlinable
  public var tokensOfFullest: Int { max(tokens, fullestTokens) }

  /// Adds a sequence that computes `tokens` of its prompt after `past` cached ones.
  ///
  /// - Parameter samples: whether its last token reaches the head. Servers of language models let one token of every
  ///   sequence do so, also where the prompt does not end here (vLLM 0.24, `logits_indices`); encoders none.
  @inlinable
  public mutating func addPrefill(tokens: Int, past: Int, samples: Bool) {
    prefillSequences += 1
    let (tokens, past) = (Self.clamped(tokens), Self.clamped(past))
    let (earlier, overflow) = tokens.multipliedReportingOverflow(by: past)
    let (square, squareOverflow) = tokens.multipliedReportingOverflow(by: tokens + 1)
    Self.add(overflow ? .max : earlier, to: &prefillPairs)
    Self.add(squareOverflow ? .max : square / 2, to: &prefillPairs)
    Self.add(tokens, to: &prefillTokens)
    Self.add(past + tokens, to: &prefillContext)
    if samples { sampledSequences += 1 }
  }

  /// Adds a sequence that decodes one token and reads `context` keys, its own included.
  @inlinable
  public mutating func addDecode(context: Int) {
    decodeSequences += 1
    Self.add(context, to: &decodeContext)
    longestDecodeContext = max(longestDecodeContext, Self.clamped(context))
    sampledSequences += 1
  }

  /// Tokens of prompts: those in prefill that verify no draft.
  package var promptTokens: Int { prefillTokens - verifiedTokens }

  /// The size, where it is one: not negative and at most ``largestSum``.
  @inlinable
  public static func clamped(_ size: Int) -> Int { min(max(0, size), largestSum) }

  /// Adds a size to a sum, neither of which then exceeds ``largestSum``.
  @inlinable
  static func add(_ size: Int, to sum: inout Int) { sum = clamped(sum + clamped(size)) }
}
