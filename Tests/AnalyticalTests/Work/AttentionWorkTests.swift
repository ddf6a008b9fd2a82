import Operators
import Testing

@testable import Analytical

/// Attention against loops over queries and keys.
@Suite struct AttentionWorkTests {
  private struct Sequence {
    var tokens: Int
    var past: Int
  }

  /// Pairs of queries and keys of a sequence, and the keys that any query sees.
  private func seen(_ sequence: Sequence, window: Int?, isCausal: Bool = true)
    -> (pairs: Int, keys: Int)
  {
    var pairs = 0
    var keys: Set<Int> = []
    for query in sequence.past..<sequence.past + sequence.tokens {
      for key in 0..<sequence.past + sequence.tokens {
        if isCausal, key > query { continue }
        if let window, query - key >= window { continue }
        pairs += 1
        keys.insert(key)
      }
    }
    return (pairs, keys.count)
  }

  @Test func `The load of equal sequences is a count of pairs and keys`() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<400 {
      let one = Sequence(
        tokens: Int.random(in: 0...20, using: &random), past: Int.random(in: 0...20, using: &random)
      )
      let window = Bool.random(using: &random) ? Int.random(in: 1...30, using: &random) : nil
      let sequences = Int.random(in: 1...3, using: &random)
      let load = AttentionLoad(
        sequences: Double(sequences), tokens: Double(one.tokens), past: Double(one.past),
        window: window.map(Double.init))
      let (pairs, keys) = seen(one, window: window)
      #expect(load.pairs == Double(sequences * pairs), "\(one), window \(window ?? 0)")
      #expect(load.context == Double(sequences * keys), "\(one), window \(window ?? 0)")
      #expect(load.queries == Double(sequences * one.tokens) && load.decodes == 0)
    }
  }

  @Test func `The load of a step of unequal sequences is the sum of theirs`() {
    var random = SplitMix64(seed: 6)
    for _ in 0..<200 {
      let prompts = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        Sequence(
          tokens: Int.random(in: 1...20, using: &random),
          past: Int.random(in: 0...20, using: &random))
      }
      let contexts = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        Int.random(in: 1...30, using: &random)
      }
      var shape = StepShape()
      for one in prompts { shape.addPrefill(tokens: one.tokens, past: one.past, samples: true) }
      for context in contexts { shape.addDecode(context: context) }
      let load = AttentionLoad(Operator(.attention, dataType: nil), shape)
      let counted = prompts.map { seen($0, window: nil) }
      #expect(load.pairs == Double(counted.reduce(0) { $0 + $1.pairs }))
      #expect(load.context == Double(counted.reduce(0) { $0 + $1.keys }))
      #expect(load.decodeContext == Double(contexts.reduce(0, +)))
      #expect(load.decodes == Double(contexts.count))
      #expect(load.prefill.pairs == load.pairs && load.prefill.decodeContext == 0)
      #expect(load.decode.decodeContext == load.decodeContext && load.decode.pairs == 0)
    }
  }

  /// With a window a step keeps no more than its sums: exact where sequences are equally long.
  @Test func `A window clips the step of equal sequences exactly, and others never add`() {
    var random = SplitMix64(seed: 7)
    for _ in 0..<200 {
      let window = Int.random(in: 1...25, using: &random)
      let op = Operator(.attention, dataType: nil, ["window": window])
      let one = Sequence(
        tokens: Int.random(in: 1...20, using: &random), past: Int.random(in: 0...20, using: &random)
      )
      let context = Int.random(in: 1...40, using: &random)
      let count = Int.random(in: 1...4, using: &random)
      var shape = StepShape()
      for _ in 0..<count {
        shape.addPrefill(tokens: one.tokens, past: one.past, samples: false)
        shape.addDecode(context: context)
      }
      let load = AttentionLoad(op, shape)
      let (pairs, keys) = seen(one, window: window)
      expectClose(load.pairs, Double(count * pairs))
      expectClose(load.context, Double(count * keys))
      #expect(load.decodeContext == Double(count * min(window, context)))
      shape.addPrefill(tokens: 3, past: 9, samples: false)
      let open = AttentionLoad(Operator(.attention, dataType: nil), shape)
      let clipped = AttentionLoad(op, shape)
      #expect(clipped.pairs <= open.pairs && clipped.context <= open.context)
    }
  }

  @Test func `Encoders look both ways`() {
    var shape = StepShape()
    var pairs = 0
    for tokens in [1, 2, 9, 17] {
      shape.addPrefill(tokens: tokens, past: 0, samples: true)
      pairs += seen(Sequence(tokens: tokens, past: 0), window: nil, isCausal: false).pairs
    }
    let op = Operator(.bidirectionalAttention, dataType: nil, ["heads": 3, "headDim": 4])
    #expect(AttentionLoad(op, shape).pairs == Double(pairs))
    let atPoint = OperatorWork(op, at: AxisPoint(5, 7))
    #expect(atPoint?.flops == Double(4 * 3 * 4 * 5 * 7 * 7))
    #expect(atPoint?.bytes == Double(4 * 4 * 4 * 3 * 5 * 7))
  }

  /// Scores and sums head by head, pair by pair; keys and values once a key-value head.
  @Test func `Grouped attention does what loops over heads and pairs do`() throws {
    var random = SplitMix64(seed: 8)
    for _ in 0..<60 {
      let kvHeads = Int.random(in: 1...3, using: &random)
      let heads = kvHeads * Int.random(in: 1...3, using: &random)
      let headDim = Int.random(in: 1...6, using: &random)
      let window = Bool.random(using: &random) ? Int.random(in: 1...12, using: &random) : nil
      var attributes = ["heads": heads, "kvHeads": kvHeads, "headDim": headDim, "kvBits": 8]
      attributes["window"] = window
      attributes["sequences"] = Int.random(in: 1...3, using: &random)
      let one = Sequence(
        tokens: Int.random(in: 0...8, using: &random), past: Int.random(in: 0...8, using: &random))
      let (decodes, context) = (
        Int.random(in: 0...3, using: &random), Int.random(in: 1...20, using: &random)
      )
      var (flops, values, kept) = (0, 0, 0)
      func add(_ sequence: Sequence) {
        let (pairs, keys) = seen(sequence, window: window)
        for _ in 0..<heads {
          // A product and a sum for the score, and again for the value.
          for _ in 0..<pairs { flops += 2 * headDim + 2 * headDim }
          values += 2 * sequence.tokens * headDim
        }
        for _ in 0..<kvHeads { kept += 2 * keys * headDim }
      }
      for _ in 0..<(attributes["sequences"] ?? 1) { add(one) }
      for _ in 0..<decodes { add(Sequence(tokens: 1, past: context - 1)) }
      let found = try #require(
        OperatorWork(
          Operator(.attention, dataType: .bfloat16, attributes),
          at: AxisPoint(one.tokens, one.past, decodes, context)))
      expectClose(found.flops, Double(flops))
      expectClose(found.bytes, Double(2 * values + kept))
    }
  }

  /// Prompts unfold each head's keys and values; decodes look at the kept vectors themselves.
  @Test func `Latent attention unfolds in prefill and folds in decode`() throws {
    var random = SplitMix64(seed: 9)
    for _ in 0..<60 {
      let sizes = (0..<7).map { _ in Int.random(in: 1...6, using: &random) }
      let (heads, rank, rotary, plain, value) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
      let op = Operator(
        .latentAttention, dataType: .bfloat16,
        [
          "heads": heads, "rank": rank, "rotary": rotary, "plain": plain, "value": value,
          "kvBits": 8,
        ])
      let one = Sequence(tokens: sizes[5], past: sizes[6])
      let (pairs, keys) = seen(one, window: nil)
      let decodes = Int.random(in: 0...3, using: &random)
      let context = Int.random(in: 1...9, using: &random)
      var (flops, values, kept) = (0, 0, 0)
      for _ in 0..<heads {
        for _ in 0..<pairs { flops += 2 * (plain + rotary) + 2 * value }
        // Queries and outputs, and what was unfolded of keys and values.
        values += one.tokens * (plain + rotary + value) + keys * (plain + rotary + value)
        // What was kept before is unfolded again.
        for _ in 0..<one.past { flops += 2 * rank * (plain + value) }
        for _ in 0..<decodes {
          flops += context * (2 * (rank + rotary) + 2 * rank)
          values += (rank + rotary) + rank
        }
      }
      for _ in 0..<decodes { kept += context * (rank + rotary) }
      let found = try #require(
        OperatorWork(op, at: AxisPoint(one.tokens, one.past, decodes, context)))
      expectClose(found.flops, Double(flops))
      expectClose(found.bytes, Double(2 * values + kept))
    }
  }
}
