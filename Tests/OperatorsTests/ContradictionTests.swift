import Operators
import Testing

@Suite struct ContradictionTests {
  @Test(
    arguments: [
      (.gemm, ["n": 0, "k": 8], "n is less than 1"),
      (.gemm, ["n": 8, "batch": -1], "batch is less"),
      (.moe, ["experts": 8, "topK": 9], "topK is more than experts"),
      (.moe, ["experts": 8, "expertParallel": 16], "expertParallel is more"),
      (.moe, ["experts": 256, "expertParallel": 7], "experts do not divide"),
      (.moe, ["intermediate": 2048, "tensorParallel": 3], "intermediate do not divide"),
      (.attention, ["heads": 4, "kvHeads": 8], "kvHeads is more than heads"),
      (.attention, ["heads": 12, "kvHeads": 8], "do not divide"),
    ] as [(OperatorKind, [String: Int], String)])
  func `Sizes that cannot be are told`(
    kind: OperatorKind, attributes: [String: Int], words: String
  ) {
    #expect(Operator(kind, dataType: nil, attributes).contradiction?.contains(words) == true)
  }

  @Test(
    arguments: [
      (.gemm, ["n": 1, "k": 8]), (.gemm, [:]), (.moe, ["experts": 8, "topK": 8, "gated": 0]),
      (.attention, ["heads": 8, "kvHeads": 8]), (.rotary, ["heads": 3, "kvHeads": 2]),
      (.elementwise, ["width": 4, "inputs": 0]),
    ] as [(OperatorKind, [String: Int])])
  func `Others are not`(kind: OperatorKind, attributes: [String: Int]) {
    #expect(Operator(kind, dataType: nil, attributes).contradiction == nil)
  }

  @Test(
    arguments: [
      (.gemm, [0], "needs tokens"), (.allReduce, [0], "needs bytes"),
      (.attention, [0], "needs prefillTokens or decodeSequences"),
      (.attention, [0, 5, 1, 9], "prefillPast"), (.attention, [5, 0, 0, 9], "of decodeSequences"),
      (.attention, [5, 0, 2], "needs decodeContext"), (.attention, [0, 0, 2, 9, 8], "at least"),
      // Two of nine on average have nineteen at most, and the other has one.
      (.attention, [0, 0, 2, 9, 19], "more than 2 sequences"),
    ] as [(OperatorKind, [Int], String)])
  func `Points that cannot be are told`(kind: OperatorKind, sizes: [Int], words: String) {
    #expect(point(sizes).contradiction(of: kind)?.contains(words) == true)
  }

  @Test(
    arguments: [
      (.gemm, [1]), (.attention, [5, 7]), (.attention, [5, 7, 2, 9, 9]),
      (.attention, [0, 0, 2, 9, 18]), (.attention, [0, 0, 3, 1, 3]),
    ] as [(OperatorKind, [Int])])
  func `Other points are not`(kind: OperatorKind, sizes: [Int]) {
    #expect(point(sizes).contradiction(of: kind) == nil)
  }

  private func point(_ sizes: [Int]) -> AxisPoint {
    let all = sizes + Array(repeating: 0, count: 5 - sizes.count)
    return AxisPoint(all[0], all[1], all[2], all[3], all[4])
  }

  /// What is written out though its absence says the same.
  @Test(
    arguments: [
      (.gemm, ["n": 8, "k": 8, "weightBits": 16], ["n": 8, "k": 8]),
      (.gemm, ["n": 8, "k": 8, "weightBits": 4], ["n": 8, "k": 8, "weightBits": 4]),
      (.gemm, ["n": 8, "k": 8, "batch": 1], ["n": 8, "k": 8, "batch": 1]),
      (.moe, ["experts": 8, "gated": 1], ["experts": 8]),
      (.moe, ["experts": 8, "gated": 0], ["experts": 8, "gated": 0]),
      (.allReduce, ["ranks": 8, "nodes": 1], ["ranks": 8]),
      (.attention, ["heads": 8, "kvHeads": 8, "sequences": 1], ["heads": 8, "kvHeads": 8]),
      (.bidirectionalAttention, ["heads": 8, "kvHeads": 8], ["heads": 8]),
      (
        .latentAttention, ["heads": 8, "rank": 512, "rotary": 64, "plain": 128, "value": 128],
        ["heads": 8]
      ),
      (
        .latentAttention, ["heads": 8, "rank": 448, "rotary": 64, "plain": 128, "value": 128],
        ["heads": 8, "rank": 448, "rotary": 64, "plain": 128, "value": 128]
      ),
    ] as [(OperatorKind, [String: Int], [String: Int])])
  func `Defaults are left out`(kind: OperatorKind, given: [String: Int], left: [String: Int]) {
    #expect(Operator(kind, dataType: .bfloat16, given).withoutDefaults.attributes == left)
  }
}
