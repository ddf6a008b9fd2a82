import Foundation
import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct ChakraTests {
  /// What a node of a test holds; `isHost` nil leaves the attribute out.
  struct Node {
    var id: Int
    var name: String
    var kind = 4
    var parent: Int?
    var microseconds = 0
    var shapes = "[]"
    var types = "[]"
    var isHost: Bool?
    var numbers: [String: Int] = [:]
    var texts: [String: String] = [:]
    var values = "[]"
  }

  static func trace(_ nodes: [Node], version: String? = "0.0.4") -> [UInt8] {
    var writer = ProtobufWriter()
    writer.record { metadata in
      if let version { metadata.text(1, version) }
      metadata.message(2) { attribute in
        attribute.text(1, "schema")
        attribute.text(29, "1.1.0")
      }
      metadata.message(2) { attribute in
        attribute.text(1, "hostname")
        attribute.text(29, "somehost")
      }
    }
    for node in nodes {
      writer.record { message in
        message.number(1, node.id)
        message.text(2, node.name)
        message.number(3, node.kind)
        if let parent = node.parent { message.value(4, ProtobufWriter.varint(UInt64(parent))) }
        if node.microseconds > 0 { message.number(7, node.microseconds) }
        message.message(8) { inputs in
          inputs.text(1, node.values)
          inputs.text(2, node.shapes)
          inputs.text(3, node.types)
        }
        if let isHost = node.isHost {
          message.message(10) { attribute in
            attribute.text(1, "is_cpu_op")
            attribute.number(27, isHost ? 1 : 0)
          }
        }
        for (name, value) in node.numbers {
          message.message(10) { attribute in
            attribute.text(1, name)
            attribute.number(9, value)
          }
        }
        for (name, value) in node.texts {
          message.message(10) { attribute in
            attribute.text(1, name)
            attribute.text(29, value)
          }
        }
      }
    }
    return writer.bytes
  }

  static let floats = "['Tensor(float)', 'Tensor(float)']"

  @Test func `kernels belong to the operator that launched them, pieces to one call`() throws {
    let bytes = Self.trace([
      Node(
        id: 1, name: "aten::mm(0)", shapes: "[[8, 4], [4, 6]]", types: Self.floats, isHost: true,
        numbers: ["rf_id": 9]),
      Node(
        id: 2, name: "aten::mm(1)", parent: 1, shapes: "[[8, 4], [4, 6]]", types: Self.floats,
        isHost: true, numbers: ["rf_id": 9]),
      Node(id: 3, name: "Memset (Device)", parent: 1, microseconds: 2, isHost: false),
      Node(id: 4, name: "sgemm", parent: 2, microseconds: 30, isHost: false),
      Node(id: 5, name: "sgemm_tail", parent: 4, isHost: false),
    ])
    #expect(try TraceFormat.detect(prefix: bytes, path: "x") == .chakra)
    let trace = try ChakraReader.read(bytes: bytes)
    #expect(trace.samples.map(\.operator.description) == ["gemm k=4 n=6 fp32"])
    #expect(trace.samples.map(\.duration.median) == [32_000])
    #expect(trace.groups[0].operationCount == 1)
    #expect(trace.groups[0].name == "aten::mm")
    #expect(trace.groups[0].kernels.map(\.name) == ["sgemm", "Memset (Device)", "sgemm_tail"])
    #expect(trace.coverage.recordsUsed == 5)
    #expect(
      trace.facts
        == ["chakra_version": "0.0.4", "chakra_schema": "1.1.0", "resolution_ns": "1000"])
  }

  @Test func `a kernel without its operator stands for itself`() throws {
    let trace = try ChakraReader.read(
      bytes: Self.trace([
        Node(
          id: 3, name: "lonely", parent: 99, microseconds: 2, shapes: "[[3]]",
          types: "['Tensor(float)']", isHost: false),
        Node(id: 4, name: "synthetic", microseconds: 7),
      ]))
    #expect(trace.samples.map(\.operator.kind.rawValue) == ["opaque:synthetic", "opaque:lonely"])
  }

  @Test func `collectives are told apart by bytes and group`() throws {
    func collective(_ id: Int, _ type: Int, _ bytes: Int, _ group: String, kind: Int = 7) -> Node {
      Node(
        id: id, name: "nccl", kind: kind, microseconds: 10 + id, shapes: "[[4]]",
        types: "['Tensor(c10::BFloat16)']", isHost: false,
        numbers: ["comm_type": type, "comm_size": bytes], texts: ["pg_name": group])
    }
    let groups =
      "['[{\"pg_name\": \"0\", \"ranks\": [], \"group_size\": 8, \"group_count\": 2}, "
      + "{\"pg_name\": \"1\", \"ranks\": [0, 1], \"group_size\": 2}]']"
    let trace = try ChakraReader.read(
      bytes: Self.trace([
        Node(id: 1, name: "## process_group:init ##", kind: 1, isHost: true, values: groups),
        collective(2, 0, 1024, "0"), collective(3, 0, 1024, "1"), collective(4, 7, 64, "0"),
        collective(5, 5, 99, "0"), collective(6, 2, 64, "unknown"),
        collective(7, 0, 5, "0", kind: 5),
      ]))
    let found = Set(trace.samples.map { "\($0.operator) @\($0.point[0])" })
    #expect(
      found == [
        "allReduce ranks=8 bf16 @1024", "allReduce ranks=2 bf16 @1024",
        "reduceScatter ranks=8 bf16 @64", "opaque:broadcast bytes=99 ranks=8 bf16 @0",
        "opaque:all_gather bytes=64 bf16 @0", "opaque:send bytes=5 ranks=8 bf16 @0",
      ])
  }

  @Test func `nodes that share a number count one by one`() {
    let nodes = (1...6).map { Node(id: 0, name: "k\($0)", microseconds: 1) }
    var options = ImportOptions.standard
    options.maximumEvents = 5
    #expect(throws: ProfilerTraceError.tooManyEvents(path: "memory", limit: 5)) {
      try ChakraReader.read(bytes: Self.trace(nodes), options: options)
    }
  }

  @Test func `a workload without durations is refused`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try ChakraReader.read(bytes: Self.trace([Node(id: 4, name: "synthetic")]))
    }
    #expect(error?.description.contains("no durations") == true)
  }

  @Test func `a file that ends early yields what came before, unless strict`() throws {
    let bytes = Self.trace((1...3).map { Node(id: $0, name: "k\($0)", microseconds: $0) })
    let trace = try ChakraReader.read(bytes: Array(bytes.dropLast(3)))
    #expect(trace.samples.count == 2)
    #expect(trace.coverage.salvagedAt == bytes.count - 3)
    #expect(throws: ProfilerTraceError.self) {
      try ChakraReader.read(bytes: Array(bytes.dropLast(3)), options: ImportOptions(isStrict: true))
    }
  }

  @Test func `a damaged node is skipped and counted`() throws {
    var bytes = Self.trace([Node(id: 1, name: "k1", microseconds: 1)])
    bytes += [3, 0x0A, 9, 0x61]
    bytes += Self.trace([Node(id: 2, name: "k2", microseconds: 1)]).drop { $0 != 0x08 }.dropFirst(0)
    let trace = try ChakraReader.read(bytes: Array(bytes.prefix(bytes.count)))
    #expect(trace.coverage.rejected(.syntax) >= 1)
  }

  @Test func `texts and other messages are not taken for a trace`() {
    for bytes in [[], [0], Array("time,layer\n1,2\n".utf8), Array("{\"a\": 1}".utf8)] as [[UInt8]] {
      #expect(!ChakraReader.recognises(bytes))
    }
  }

  @Test func `broken files are an error or an import`() {
    let bytes = Self.trace([
      Node(
        id: 1, name: "aten::mm(0)", shapes: "[[8, 4], [4, 6]]", types: Self.floats, isHost: true),
      Node(id: 4, name: "sgemm", parent: 1, microseconds: 30, isHost: false),
      Node(
        id: 7, name: "nccl", kind: 7, microseconds: 3, numbers: ["comm_type": 0, "comm_size": 8]),
    ])
    survive(bytes) { bytes in
      _ = ChakraReader.recognises(bytes)
      _ = try ChakraReader.read(bytes: bytes)
    }
  }
}

/// Counted by Python with a decoder of its own: length-delimited messages, node fields 1 (id),
/// 3 (type), 7 (duration_micros), 10 (attr; `is_cpu_op` in field 27).
@Suite(.needsSharedData)
struct ChakraSharedTests {
  @Test func `a real trace is imported whole`() throws {
    let folder = try TemporaryDirectory()
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = [
      "tar", "xzf", SharedData.path("traces/chakra/feeder_tests_trace.tar.gz"), "-C", folder.path,
    ]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    let trace = try TraceReader.read(path: folder.path + "/tests/data/chakra.0.et")[0]
    #expect(trace.format == .chakra)
    #expect(trace.coverage.recordsRead == 3664)
    #expect(trace.coverage.total == Tally(count: 1216, nanoseconds: 329_543_000))
    #expect(trace.coverage.rejectedRecords == 0)
    // Seven collectives of known bytes and unknown group.
    let collectives = trace.groups.filter { $0.concreteInputs.hasPrefix("[\"") }
    #expect(collectives.reduce(0) { $0 + $1.operationCount } == 7)
    #expect(collectives.reduce(0) { $0 + $1.totalKernelTime } == 36_715_000)
    let reduce = try #require(
      collectives.first { $0.concreteInputs == "[\"all_reduce\",8196000,0]" })
    #expect(reduce.inputDims == "[[2049000]]")
  }
}
