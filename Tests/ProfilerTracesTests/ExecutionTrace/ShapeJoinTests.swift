import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct ShapeJoinTests {
  /// A profile of `names.count` operators with one kernel each, recorded as 101, 102 and so on.
  private func profile(_ names: [String], key: String = "Record function id") -> String {
    var trace = TraceText()
    for (index, name) in names.enumerated() {
      let start = 100 * index
      trace.add(
        "cpu_op", name, "\(start)", "50", pid: 7, tid: 7, ["\"\(key)\": \(101 + index)"])
      trace.launch("cudaLaunchKernel", "\(start + 10)", 500 + index)
      trace.kernel("k", "\(start + 20)", "5", 500 + index)
    }
    return trace.text
  }

  private func node(_ record: Int, _ name: String, _ shapes: String, _ types: String) -> String {
    """
    {"id": \(record + 9), "name": "\(name)", "ctrl_deps": 1, "inputs": {"values": [1, [2]],
     "shapes": \(shapes), "types": \(types)}, "outputs": {"values": [], "shapes": [], "types": []},
     "attrs": [{"name": "rf_id", "type": "uint64", "value": \(record)},
               {"name": "tid", "type": "uint64", "value": 1}]}
    """
  }

  private func trace(_ nodes: [String]) -> String {
    "{\"schema\": \"1.1.0-chakra.0.0.4\", \"pid\": 1, \"nodes\": [\(nodes.joined(separator: ","))]}"
  }

  private func join(_ profile: String, _ trace: String) throws -> ImportedTrace {
    let folder = try TemporaryDirectory()
    var options = ImportOptions.standard
    options.shapes = try folder.write(trace, to: "et.json")
    return try TraceReader.read(path: folder.write(profile, to: "k.json"), options: options)[0]
  }

  @Test(
    "operators take the shapes of their record", arguments: ["Record function id", "External id"])
  func join(key: String) throws {
    let trace = try join(
      profile(["aten::mm", "aten::cat"], key: key),
      trace([
        node(
          101, "aten::mm", "[[8, 4], [4, 6]]",
          "[\"Tensor(c10::BFloat16)\", \"Tensor(c10::BFloat16)\"]"
        ),
        node(
          102, "aten::cat", "[[[2, 3], [2, 3]], []]",
          "[\"GenericList[Tensor(float),Tensor(float)]\", \"Int\"]"),
      ]))
    let mm = try #require(trace.samples.first { $0.label.hasPrefix("aten::mm") })
    #expect(mm.operator.description == "gemm k=4 n=6 bf16")
    #expect(mm.point[0] == 8)
    let cat = try #require(trace.groups.first { $0.name == "aten::cat" })
    #expect(cat.inputDims == "[[[2,3],[2,3]],[]]")
    #expect(cat.inputTypes == "[\"TensorList\",\"Scalar\"]")
    #expect(trace.coverage.shapeJoin?.joined == 2)
    #expect(trace.coverage.shapeJoin?.agreement == 1)
    #expect(trace.coverage.shapeJoin?.taken == 2)
    #expect(trace.inputs.count == 2)
  }

  @Test func `a record whose name differs takes no shapes`() throws {
    let names = (0..<20).map { "aten::op\($0)" }
    let nodes = names.enumerated().map { index, name in
      node(101 + index, index == 3 ? "aten::other" : name, "[[4]]", "[\"Tensor(float)\"]")
    }
    let trace = try join(profile(names), trace(nodes))
    #expect(trace.coverage.shapeJoin?.agreeing == 19)
    #expect(trace.groups.filter { $0.inputDims.isEmpty }.map(\.name) == ["aten::op3"])
  }

  @Test func `files of two runs are told by their names, and refused`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try join(
        profile(["aten::mm", "aten::add"]),
        trace([
          node(101, "aten::mm", "[[4]]", "[\"Tensor(float)\"]"),
          node(102, "aten::cat", "[[4]]", "[\"Tensor(float)\"]"),
        ]))
    }
    #expect(error?.description.contains("1 of 2 operators") == true)
  }

  @Test func `a profile without common records is refused`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try join(profile(["aten::mm"]), trace([node(7, "aten::mm", "[[4]]", "[\"Tensor(float)\"]")]))
    }
    #expect(error?.description.contains("no operator has a record id") == true)
  }

  @Test func `only a Kineto trace takes shapes`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try join("{\"kind\": \"gemm\", \"axes\": []}", trace([]))
    }
    #expect(error?.description.contains("is no Kineto trace") == true)
  }

  @Test func `an execution trace alone is refused, and says what to give`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try TraceFormat.detect(prefix: Array(trace([]).utf8), path: "et.json")
    }
    #expect(error?.description.contains("--shapes") == true)
  }

  @Test(
    "arguments are translated into Kineto's words",
    arguments: [
      ("[[8, 4], []]", ["Tensor(float)", "Bool"], "[[8,4],[]]", "[\"float\",\"Scalar\"]"),
      (
        "[[64], [[], []]]", ["Tensor(c10::Half)", "GenericList[Int,Int]"], "[[64],[]]",
        "[\"c10::Half\",\"ScalarList\"]"
      ),
      ("[]", [], "[]", "[]"),
      ("[[]]", ["Device"], "[[]]", "[\"\"]"),
    ])
  func arguments(shapes: String, types: [String], dims: String, names: String) {
    let result = ExecutionTraceArguments(shapes: shapes, types: types)
    #expect(result?.dims == dims)
    #expect(result?.types == names)
  }

  @Test(
    "shapes that do not fit their types are none",
    arguments: ["", "[", "[[4]]]", "[4]", "[[4], [5]]", "[[4.5]]", "[[\"x\"]]", "4"])
  func broken(shapes: String) {
    #expect(ExecutionTraceArguments(shapes: shapes, types: ["Tensor(float)"]) == nil)
  }

  @Test func `broken traces are an error or a join`() throws {
    let folder = try TemporaryDirectory()
    let text = trace([node(101, "aten::mm", "[[8, 4]]", "[\"Tensor(float)\"]")])
    survive(Array(text.utf8), step: 7, mutations: 100) { bytes in
      let path = try folder.write(String(decoding: bytes, as: UTF8.self), to: "et.json")
      _ = try ExecutionTraceReader.read(path: path, options: .standard)
    }
  }
}

/// The two published files were recorded a year apart: their record ids mean nothing to each other.
///
/// By Python over both files: 14,389 of the profile's operators have an `External id` that is the
/// `rf_id` of a node, of which 581 have its name.
@Suite(.needsSharedData)
struct ShapeJoinSharedTests {
  @Test func `real files of two runs are refused`() throws {
    var options = ImportOptions.standard
    options.shapes = SharedData.path("traces/chakra/resnet_et.json.gz")
    let error = #expect(throws: ProfilerTraceError.self) {
      try TraceReader.read(
        path: SharedData.path("traces/chakra/resnet_kineto.json.gz"), options: options)
    }
    #expect(error?.description.contains("only 5") == true)
  }

  @Test func `a real execution trace is read whole`() throws {
    // python: 14,392 nodes, 14,389 distinct rf_id above 0.
    let (trace, _) = try ExecutionTraceReader.read(
      path: SharedData.path("traces/chakra/resnet_et.json.gz"), options: .standard)
    #expect(trace.nodes == 14_392)
    #expect(trace.operations.count == 14_389)
  }
}
