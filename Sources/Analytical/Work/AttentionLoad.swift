public import Operators

/// What a step's attention has to look at: queries, and the keys that they see.
public struct AttentionLoad: Hashable, Sendable {
  /// Query tokens in prefill.
  public var queries: Double
  /// Their query-key pairs.
  public var pairs: Double
  /// Keys that they read.
  public var context: Double
  /// Sequences in decode, one query each.
  public var decodes: Double
  /// Keys that those read, summed.
  public var decodeContext: Double

  /// Creates a load from its sums.
  public init(
    queries: Double = 0, pairs: Double = 0, context: Double = 0, decodes: Double = 0,
    decodeContext: Double = 0
  ) {
    self.queries = queries
    self.pairs = pairs
    self.context = context
    self.decodes = decodes
    self.decodeContext = decodeContext
  }

  /// The load of `sequences` in prefill, `tokens` each after `past` cached ones.
  ///
  /// - Parameter window: keys that a query sees at most, its own included; nil for all.
  public init(sequences: Double, tokens: Double, past: Double, window: Double?) {
    guard tokens > 0 else {
      self.init()
      return
    }
    guard let window, past + tokens > window else {
      self.init(
        queries: sequences * tokens,
        pairs: sequences * (tokens * past + tokens * (tokens + 1) / 2),
        context: sequences * (past + tokens))
      return
    }
    // The first tokens may still see everything; the rest see a whole window.
    let free = min(tokens, max(0, window - past))
    let pairs = free * past + free * (free + 1) / 2 + (tokens - free) * window
    self.init(
      queries: sequences * tokens, pairs: sequences * pairs,
      context: sequences * min(past + tokens, tokens + window - 1))
  }

  /// The load of an attention operator in a step.
  ///
  /// With a window, sequences count as if they were equally long, as a step keeps sums alone.
  public init(_ op: Operator, _ shape: StepShape) {
    self.init(shape, window: op.window, isCausal: op.kind != .bidirectionalAttention)
  }

  /// The same with a window and a direction of one's own.
  @inline(__always)
  init(_ shape: StepShape, window: Double?, isCausal: Bool) {
    self.init(
      queries: Double(shape.prefillTokens), pairs: Double(shape.prefillPairs),
      context: Double(shape.prefillContext), decodes: Double(shape.decodeSequences),
      decodeContext: Double(shape.decodeContext))
    // Σ past · q + q · (q + 1) / 2 counts each pair of a sequence's own tokens once.
    if !isCausal { pairs = 2 * pairs - queries }
    guard let window else { return }
    if shape.prefillSequences > 0 {
      let sequences = Double(shape.prefillSequences)
      let clipped = AttentionLoad(
        sequences: sequences, tokens: queries / sequences,
        past: max(0, context - queries) / sequences, window: window)
      (pairs, context) = (min(pairs, clipped.pairs), min(context, clipped.context))
    }
    decodeContext = min(decodeContext, decodes * window)
  }

  /// The part in prefill.
  public var prefill: AttentionLoad {
    AttentionLoad(queries: queries, pairs: pairs, context: context)
  }

  /// The part in decode.
  public var decode: AttentionLoad {
    AttentionLoad(decodes: decodes, decodeContext: decodeContext)
  }

  /// The load at a point of a curve of attention of any kind.
  init(_ op: Operator, at point: AxisPoint) {
    let window = op.window
    if op.kind == .bidirectionalAttention {
      let (sequences, tokens) = (Double(point[0]), Double(point[1]))
      self.init(
        queries: sequences * tokens, pairs: sequences * tokens * tokens,
        context: sequences * tokens)
      return
    }
    self.init(
      sequences: Double(op.attributes["sequences"] ?? 1), window: window, at: point)
  }

  /// The load at a point of a curve of a step's attention: so many prefills, and decodes.
  init(sequences: Double, window: Double?, at point: AxisPoint) {
    self.init(
      sequences: sequences, tokens: Double(point[0]), past: Double(point[1]), window: window)
    decodes = Double(point[2])
    let context = Double(point[3])
    decodeContext = decodes * (window.map { min($0, context) } ?? context)
  }
}

extension Operator {
  /// Keys that a query sees at most; nil for all.
  var window: Double? {
    guard let window = attributes["window"], window > 0 else { return nil }
    return Double(window)
  }
}
