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
}
