import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct XPlaneTests {
  struct Kernel {
    var name: Int
    var op: Int?
    var offset: Int
    var picoseconds: Int
    var line = "Stream #7(Kernel)"
  }

  /// Numbers of names: kernels 1 `gemm_kernel` and 2 `tail`; statistics as in ``statNames``.
  static let statNames = [
    1: "hlo_op", 2: "hlo_module", 3: "program_id", 4: "correlation_id", 10: "dot.3",
    11: "jit_f", 12: "loop_fusion.2", 13: "gemm_fusion.1", 14: "all-reduce.7", 20: "device_vendor",
  ]

  static func space(_ kernels: [Kernel], module: [UInt8]? = nil) -> [UInt8] {
    var space = ProtobufWriter()
    space.message(1) { plane in
      plane.number(1, 1)
      plane.text(2, "/host:CPU")
      plane.message(3) { line in line.text(2, "python") }
    }
    space.message(1) { plane in
      plane.text(2, "/device:GPU:0")
      for name in Set(kernels.map(\.line)).sorted() {
        plane.message(3) { line in
          line.text(2, name)
          line.number(3, 1_000_000)
          for kernel in kernels where kernel.line == name {
            line.message(4) { event in
              event.number(1, kernel.name)
              event.number(2, kernel.offset)
              event.number(3, kernel.picoseconds)
              event.message(4) { stat in
                stat.number(1, 4)
                stat.number(3, 77)
              }
              if let op = kernel.op {
                for (key, value) in [(1, op), (2, 11)] {
                  event.message(4) { stat in
                    stat.number(1, key)
                    stat.number(7, value)
                  }
                }
                event.message(4) { stat in
                  stat.number(1, 3)
                  stat.number(4, 15)
                }
              }
            }
          }
        }
      }
      for (number, name) in [(1, "gemm_kernel"), (2, "tail")] {
        plane.entry(4, number) { $0.text(2, name) }
      }
      for (number, name) in statNames.sorted(by: { $0.key < $1.key }) {
        plane.entry(5, number) { $0.text(2, name) }
      }
      plane.message(6) { stat in
        stat.number(1, 20)
        stat.text(5, "Nvidia")
      }
    }
    if let module {
      space.message(1) { plane in
        plane.text(2, "/host:metadata")
        plane.entry(4, 15) { metadata in
          metadata.text(2, "jit_f(15)")
          metadata.message(5) { stat in
            stat.number(1, 1)
            stat.value(6, module)
          }
        }
      }
    }
    space.text(4, "somehost")
    return space.bytes
  }

  /// `dot.3`: [2, 8, 4] · [2, 4, 6] in bf16; a fusion around such a product with `[8, 4]`, `[6, 4]`.
  static var module: [UInt8] {
    func shape(_ writer: inout ProtobufWriter, _ field: UInt64, _ type: Int, _ sizes: [Int]) {
      writer.message(field) { shape in
        shape.number(2, type)
        shape.value(3, sizes.flatMap { ProtobufWriter.varint(UInt64($0)) })
      }
    }
    func instruction(
      _ computation: inout ProtobufWriter, _ id: Int, _ name: String, _ opcode: String,
      _ sizes: [Int], operands: [Int] = [], called: [Int] = []
    ) {
      computation.message(2) { instruction in
        instruction.text(1, name)
        instruction.text(2, opcode)
        shape(&instruction, 3, 16, sizes)
        instruction.number(35, id)
        if !operands.isEmpty {
          instruction.value(36, operands.flatMap { ProtobufWriter.varint(UInt64($0)) })
        }
        for id in called { instruction.number(38, id) }
      }
    }
    var proto = ProtobufWriter()
    proto.message(1) { module in
      module.text(1, "jit_f")
      module.message(3) { computation in
        computation.number(5, 9)
        instruction(&computation, 901, "p0", "parameter", [8, 4])
        instruction(&computation, 902, "p1", "parameter", [6, 4])
        instruction(&computation, 903, "dot.9", "dot", [8, 6], operands: [901, 902])
      }
      module.message(3) { computation in
        computation.number(5, 1)
        instruction(&computation, 1, "a", "parameter", [2, 8, 4])
        instruction(&computation, 2, "b", "parameter", [2, 4, 6])
        instruction(&computation, 3, "dot.3", "dot", [2, 8, 6], operands: [1, 2])
        instruction(&computation, 4, "loop_fusion.2", "fusion", [2, 8, 6], operands: [3])
        computation.message(2) { instruction in
          instruction.text(1, "all-reduce.7")
          instruction.text(2, "all-reduce")
          shape(&instruction, 3, 16, [2, 8, 4])
          instruction.number(35, 6)
          instruction.value(36, [1, 2])
          for ids in [[0, 1, 2, 3], [4, 5, 6, 7]] as [[UInt8]] {
            instruction.message(49) { $0.value(1, ids) }
          }
        }
        instruction(
          &computation, 5, "gemm_fusion.1", "fusion", [8, 6], operands: [1, 2], called: [9])
      }
    }
    return proto.bytes
  }

  static let kernels = [
    Kernel(name: 1, op: 10, offset: 1_000_000, picoseconds: 5_000_400),
    Kernel(name: 2, op: 10, offset: 7_000_000, picoseconds: 1_000_500),
    Kernel(name: 1, op: 10, offset: 9_000_000, picoseconds: 4_000_000),
    Kernel(name: 2, op: 10, offset: 14_000_000, picoseconds: 1_000_000),
    Kernel(name: 2, op: 12, offset: 20_000_000, picoseconds: 3_000_000),
    Kernel(name: 1, op: 13, offset: 30_000_000, picoseconds: 2_000_000),
    Kernel(name: 1, op: 14, offset: 35_000_000, picoseconds: 500_000),
    Kernel(name: 2, op: nil, offset: 40_000_000, picoseconds: 1_000_000),
    Kernel(name: 1, op: 10, offset: 1, picoseconds: 9_000_000, line: "XLA Ops"),
  ]

  @Test func `kernels belong to the operator that they name, with the shapes of its module`() throws
  {
    let bytes = Self.space(Self.kernels, module: Self.module)
    #expect(try TraceFormat.detect(prefix: bytes, path: "x") == .xplane)
    let trace = try XPlaneReader.read(bytes: bytes)
    let samples = Dictionary(uniqueKeysWithValues: zip(trace.groups.map(\.name), trace.samples))
    let dot = try #require(samples["dot.3"])
    #expect(dot.operator.description == "gemm batch=2 k=4 n=6 bf16")
    #expect(dot.point[0] == 8)
    #expect(dot.label == "dot.3 [[2,8,4],[2,4,6]]")
    // The first kernel again is a second call; picoseconds are rounded once, to the nearest.
    #expect(dot.duration.count == 2)
    #expect(dot.duration.mean == 11_001.0 / 2)
    #expect(samples["gemm_fusion.1"]?.operator.description == "gemm k=4 n=6 bf16")
    // 64 and 48 values of two bytes, summed over two groups of four.
    #expect(samples["all-reduce.7"]?.operator.description == "allReduce ranks=4 bf16")
    #expect(samples["all-reduce.7"]?.point[0] == 224)
    #expect(samples["loop_fusion.2"]?.operator.description == "opaque:loop_fusion bf16")
    #expect(trace.coverage[.correlation] == Tally(count: 7, nanoseconds: 16_501))
    #expect(trace.coverage[.noOperator] == Tally(count: 1, nanoseconds: 1000))
    #expect(trace.facts == ["device_vendor": "Nvidia"])
    #expect(trace.runtime.framework == "XLA")
    #expect(!"\(trace)".contains("somehost"))
  }

  @Test func `without its module an operator keeps its name`() throws {
    let trace = try XPlaneReader.read(bytes: Self.space(Self.kernels))
    #expect(
      Set(trace.samples.map(\.operator.kind.rawValue))
        == ["opaque:dot", "opaque:loop_fusion", "opaque:gemm_fusion", "opaque:all-reduce"])
    #expect(trace.coverage[.withoutShape].count == 7)
  }

  /// `dot.3`, of so many equal operands.
  static func module(operands: Int, sizes: [Int]) -> [UInt8] {
    var proto = ProtobufWriter()
    proto.message(1) { module in
      module.message(3) { computation in
        for (id, name) in [(1, "p"), (2, "dot.3")] {
          computation.message(2) { instruction in
            instruction.text(1, name)
            instruction.text(2, "fusion")
            instruction.message(3) { shape in
              shape.number(2, 16)
              shape.value(3, sizes.flatMap { ProtobufWriter.varint(UInt64($0)) })
            }
            instruction.number(35, id)
            if id == 2 { instruction.value(36, [UInt8](repeating: 1, count: operands)) }
          }
        }
      }
    }
    return proto.bytes
  }

  @Test(
    "an operator with more shapes than any real one is imported without them",
    arguments: [
      (1, 2, 8, true), (256, 16, 8, true), (257, 1, 8, false), (1, 17, 8, false),
      (256, 16, Int.max, false),
    ])
  func bounds(operands: Int, dimensions: Int, size: Int, isKept: Bool) throws {
    let module = Self.module(
      operands: operands, sizes: [Int](repeating: size, count: dimensions))
    let trace = try XPlaneReader.read(bytes: Self.space(Self.kernels, module: module))
    let dot = try #require(trace.groups.first { $0.name == "dot.3" })
    #expect(dot.operationCount == 2)
    #expect(dot.inputDims.isEmpty != isKept)
    #expect(dot.inputDims.utf8.count <= 64 << 10)
  }

  @Test func `all modules together have one bound`() throws {
    var proto = ProtobufReader(
      try ByteSource(bytes: Self.module(operands: 3, sizes: [1, 2])))
    // A parameter of two dimensions takes three, the other three operands more.
    var room = 8
    #expect(try HLOModule(proto: &proto, room: &room)["dot.3"] == nil)
    #expect(room < 0)
  }

  @Test func `names and statistics count against the limit of events`() {
    var options = ImportOptions.standard
    options.maximumEvents = 10
    #expect(throws: ProfilerTraceError.tooManyEvents(path: "memory", limit: 10)) {
      try XPlaneReader.read(bytes: Self.space(Self.kernels), options: options)
    }
  }

  @Test func `a damaged module costs the shapes only`() throws {
    let module = [UInt8](repeating: 0x0F, count: 30)
    let trace = try XPlaneReader.read(bytes: Self.space(Self.kernels, module: module))
    #expect(trace.samples.count == 4)
  }

  @Test func `every kernel knows its bytes`() throws {
    let bytes = Self.space(Self.kernels)
    let trace = try XPlaneReader.read(bytes: bytes)
    for event in trace.groups.flatMap(\.kernels).flatMap(\.events) {
      #expect(bytes[Int(event.place.offset)] == 0x22)
      #expect(event.place.length > 2)
    }
  }

  @Test(
    "durations that no kernel has are counted",
    arguments: [
      (-5, .negativeDuration), (Int.max, .durationTooLong),
    ] as [(Int, RejectionReason)])
  func durations(picoseconds: Int, reason: RejectionReason) throws {
    let bad = Kernel(name: 1, op: 10, offset: 50_000_000, picoseconds: picoseconds)
    let trace = try XPlaneReader.read(bytes: Self.space(Self.kernels + [bad]))
    #expect(trace.coverage.rejected(reason) == 1)
  }

  @Test func `a profile of the host alone holds no kernels`() {
    #expect(throws: ProfilerTraceError.noEvents(path: "memory")) {
      try XPlaneReader.read(bytes: Self.space([]))
    }
  }

  @Test(
    "names lose the number that XLA adds",
    arguments: [
      ("fusion.12", "fusion"), ("fusion", "fusion"), ("a.b", "a.b"), ("fusion.", "fusion."),
      ("x.1.2", "x.1"),
    ])
  func baseName(name: String, base: String) {
    #expect(HLOMapping.baseName(name) == base)
  }

  @Test func `broken files are an error or an import`() {
    survive(Self.space(Self.kernels, module: Self.module)) { bytes in
      _ = XPlaneReader.recognises(bytes)
      _ = try XPlaneReader.read(bytes: bytes)
    }
  }
}

/// Counted by Python with a decoder of its own: events of lines `Stream #…` of planes
/// `/device:GPU:…`, durations in field 3, `hlo_op` by reference.
@Suite(.needsSharedData)
struct XPlaneSharedTests {
  @Test func `a real profile is imported to the picosecond`() throws {
    let trace = try TraceReader.read(
      path: SharedData.path("traces/TraceLens/jax_mi300_conv_minimal_08.xplane.pb"))[0]
    #expect(trace.format == .xplane)
    // 28,137,077,000 ps, none with a fraction of a nanosecond.
    #expect(trace.coverage.total == Tally(count: 235, nanoseconds: 28_137_077))
    #expect(trace.coverage[.noOperator].count == 37)
    let expected: [String: (kernels: Int, calls: Int, time: Int64, dims: String)] = [
      "loop_transpose_fusion": (40, 40, 193_520, "[[1,2,2,16,5120]]"),
      "input_transpose_fusion.1": (39, 39, 481_400, "[[1,32,60,104,16]]"),
      "cudnn-conv.1": (79, 40, 12_531_616, "[[1,16,32,60,104],[5120,16,1,2,2]]"),
      "input_transpose_fusion": (40, 40, 14_344_140, "[[1,5120,34,31,53]]"),
    ]
    // One call of the convolution lacks its first kernel: it is a group of its own.
    #expect(trace.groups.count == expected.count + 1)
    for (name, known) in expected {
      let groups = trace.groups.filter { $0.name == name }
      #expect(groups.flatMap(\.kernels).reduce(0) { $0 + $1.count } == known.kernels)
      #expect(groups.reduce(0) { $0 + $1.totalKernelTime } == known.time)
      #expect(groups.reduce(0) { $0 + $1.operationCount } == known.calls, "\(name)")
      #expect(groups.allSatisfy { $0.inputDims == known.dims }, "\(name)")
      #expect(groups.allSatisfy { $0.inputTypes.contains("c10::BFloat16") })
    }
    #expect(
      Set(trace.samples.map(\.operator.kind.rawValue)) == [
        "opaque:loop_transpose_fusion", "opaque:input_transpose_fusion", "opaque:cudnn-conv",
      ])
  }
}
