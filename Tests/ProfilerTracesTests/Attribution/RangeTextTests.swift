import Testing

@testable import ProfilerTraces

@Suite("The text of a range")
struct RangeTextTests {
  @Test(
    arguments: [
      (
        "aten::mm, seq = 7, op_id = 12, sizes = [[8, 4], [4, 2]], input_op_ids = [(3,0)]",
        "aten::mm", "[[8, 4], [4, 2]]"
      ),
      ("aten::cat, op_id = 1, sizes = [[[2], [3]], []]", "aten::cat", "[[[2], [3]], []]"),
      ("aten::view, op_id = 314290", "aten::view", nil),
      ("plain", "plain", nil),
      ("a, b", "a, b", nil),
      (", op_id = 1", ", op_id = 1", nil),
      ("cut, sizes = [[8, 4], [4", "cut", nil),
      ("odd, sizes = [[8, x]]", "odd", nil),
      ("none, sizes = 8", "none", nil),
      ("", "", nil),
    ] as [(String, String, String?)])
  func `gives the name, and the shapes where they are whole`(
    text: String, name: String, sizes: String?
  ) {
    let range = RangeText(text)
    #expect(range.name == name)
    #expect(range.sizes == sizes)
  }
}
