import Operators
import Testing

@testable import ProfilerTraces

/// What a collective is called, and how many bytes it has.
@Suite struct CollectiveDescriptionTests {
  @Test(
    "the profiler's names mean the shared kinds, and bytes are those of the larger buffer",
    arguments: [
      ("allreduce", "Float", 100, 100, "allReduce ranks=8 fp32", 400),
      ("allreduce_coalesced", "BFloat16", 100, 100, "allReduce ranks=8 bf16", 200),
      ("_allgather_base", "BFloat16", 25_136, 201_088, "allGather ranks=8 bf16", 402_176),
      ("all_gather", "Half", 10, 80, "allGather ranks=8 fp16", 160),
      ("_reduce_scatter_base", "Float", 80, 10, "reduceScatter ranks=8 fp32", 320),
      ("reduce_scatter_tensor_coalesced", "Float", 80, 10, "reduceScatter ranks=8 fp32", 320),
      ("all_to_all", "Byte", 64, 64, "allToAll ranks=8 int8", 64),
      ("all_to_allv", "Float8_e4m3fn", 64, 60, "allToAll ranks=8 fp8", 64),
      ("broadcast", "Long", 53, 53, "broadcast ranks=8", 424),
      ("_broadcast_oop", "Double", 5, 5, "broadcast ranks=8", 40),
      ("reduce", "Int", 5, 5, "reduce ranks=8", 20),
      ("send", "Float", 7, 0, "sendReceive ranks=2 fp32", 28),
      ("recv", "Float", 0, 7, "sendReceive ranks=2 fp32", 28),
      // Not known, or not believed: kept by name, without a size.
      ("barrier", "Byte", 1, 1, "opaque:barrier int8", 0),
      ("gather", "Float", 5, 40, "opaque:gather fp32", 0),
      ("allreduce", "Quaternion", 5, 5, "opaque:allreduce", 0),
      ("allreduce", "Float", -1, -1, "opaque:allreduce fp32", 0),
      ("allreduce", "Float", Int64.max, 5, "opaque:allreduce fp32", 0),
      ("allreduce", "Float", 1 << 50, 5, "opaque:allreduce fp32", 0),
    ] as [(String, String, Int64, Int64, String, Int)])
  func kinds(
    name: String, type: String, input: Int64, output: Int64, op: String, bytes: Int
  ) {
    let mapped = CollectiveDescription(
      name: name, dataType: type, input: input, output: output, ranks: 8
    ).mapped
    #expect(mapped.operator.description == op)
    #expect(mapped.point[0] == bytes)
  }

  @Test func `a group of no ranks or absurdly many has no size`() {
    for ranks in [Int64.min, -1, 0, 1 << 40] {
      let mapped = CollectiveDescription(
        name: "allreduce", dataType: "Float", input: 5, output: 5, ranks: ranks
      ).mapped
      #expect(mapped.operator.kind.isOpaque)
    }
  }
}
