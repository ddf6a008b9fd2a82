/// A forward pass, as GenZ's three models of one take it.
///
/// Counts below the least that makes sense (a batch of 0, say) are taken as that least, and counts
/// above 2³¹ as 2³¹.
public enum GenZPass: Hashable, Sendable {
  /// Prompts of `inputTokens` each, whole: GenZ's `prefill_moddeling`.
  case prefill(batch: Int, inputTokens: Int)
  /// One token of each request, after `outputTokens` others: GenZ's `decode_moddeling`.
  ///
  /// The beams of a request share the keys of its prompt and have their own afterwards. GenZ assumes
  /// 4 beams where none are given; here it is 1.
  case decode(batch: Int, inputTokens: Int, outputTokens: Int, beams: Int = 1)
  /// Chunks of prompts, and one token of each decoding request: GenZ's `chunked_moddeling`.
  ///
  /// `decodes` holds each decoding request's key-value length. GenZ runs one such pass at a time;
  /// only its speculation has a `batch` of several.
  case chunked(batch: Int = 1, prefills: [GenZChunk], decodes: [Int])
}

/// A piece of a prompt.
public struct GenZChunk: Hashable, Sendable {
  /// Tokens of the prompt already processed.
  public var past: Int
  /// Tokens to process now.
  public var new: Int

  /// Creates a chunk.
  public init(past: Int, new: Int) {
    self.past = past
    self.new = new
  }
}

extension GenZPass {
  /// `count` within `least`...2³¹, so that no product of two overflows.
  static func bounded(_ count: Int, from least: Int) -> Int { min(max(least, count), 1 << 31) }

  /// The micro-batch that GenZ sends down a pipeline: a stage's share, rounded down.
  static func microBatch(_ batch: Int, stages: Int) -> Int { max(batch / stages, 1) }

  /// Requests of a prefill or a decode, or tokens of a chunked pass: what its throughput counts.
  var throughputUnits: Int {
    switch self {
    case .prefill(let batch, _), .decode(let batch, _, _, _): Self.bounded(batch, from: 1)
    case .chunked(let batch, let prefills, let decodes):
      Self.bounded(batch, from: 1) * (Self.newTokens(prefills) + decodes.count)
    }
  }

  /// Tokens of `chunks` to process now.
  static func newTokens(_ chunks: [GenZChunk]) -> Int {
    bounded(chunks.reduce(0) { bounded($0 + bounded($1.new, from: 0), from: 0) }, from: 0)
  }
}
