import Operators
import Testing

@testable import ProfilerTraces

@Suite struct CollectiveNameTests {
  @Test(
    "one table tells the names of benchmarks and of PyTorch",
    arguments: [
      ("all_reduce_perf", .allReduce), ("AllGather", .allGather), ("all-to-all", .allToAll),
      ("reduce_scatter", .reduceScatter), ("reduce", .reduce), ("sendrecv", .sendReceive),
      ("send_receive", .sendReceive), ("gather", nil), ("allreduce_coalesced", nil), ("", nil),
    ] as [(String, OperatorKind?)])
  func whole(name: String, kind: OperatorKind?) {
    #expect(CollectiveName.kind(name) == kind)
  }

  @Test(
    "a name that goes on is known by its start",
    arguments: [
      ("_allgather_base", .allGather), ("allreduce_coalesced", .allReduce),
      ("reduce_scatter_tensor_coalesced", .reduceScatter), ("reduce_oop", .reduce),
      ("recvAnySource", .sendReceive), ("barrier", nil), ("gather", nil), ("", nil),
    ] as [(String, OperatorKind?)])
  func start(name: String, kind: OperatorKind?) {
    #expect(CollectiveName.kind(startOf: name) == kind)
  }

  @Test(
    "an element's size is its own, also where it is of two numbers",
    arguments: [
      ("c10::complex<float>", .float32, 8), ("ComplexFloat", .float32, 8), ("Half", .float16, 2),
      ("c10::Half", .float16, 2), ("c10::Float8_e4m3fn", .float8, 1), ("long int", nil, 8),
    ] as [(String, DataType?, Int)])
  func elements(name: String, dataType: DataType?, bytes: Int) {
    let type = ElementType(name)
    #expect(type?.dataType == dataType)
    #expect(type?.bytes == bytes)
    #expect(ElementType("Scalar") == nil)
  }
}
