import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct GraphRecoveryTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// Captures of graphs: each an annotation around operators with one launch for each kernel.
  ///
  /// Within each a warm-up runs, which is no part of the graph; so do launches between.
  private static func capture(
    _ graphs: [(name: String, kernels: [[String]])], hasNames: Bool = true, dims: String = ""
  ) -> TraceText {
    var trace = TraceText()
    var (at, id) = (0, 1)
    for graph in graphs {
      let start = at
      trace.op("warm-up", "\(at + 1)", "5", dims: "[[1]]")
      trace.launch("hipLaunchKernel", "\(at + 2)", id, kernel: "warm")
      trace.kernel("warm", "\(at + 3)", "1", id)
      (at, id) = (at + 10, id + 1)
      for (number, kernels) in graph.kernels.enumerated() {
        trace.op("op \(number)", "\(at)", "90", dims: "[[\(number)\(dims)]]")
        trace.launch("hipStreamIsCapturing", "\(at + 1)", id)
        id += 1
        for (place, kernel) in kernels.enumerated() {
          let call = kernel.hasPrefix("copy") ? "cudaMemcpyAsync" : "cudaLaunchKernel"
          trace.launch(call, "\(at + 2 + place)", id, kernel: hasNames ? kernel : nil)
          id += 1
        }
        at += 100
      }
      trace.annotation(graph.name, "\(start)", "\(at - start)")
      trace.launch("cudaLaunchKernel", "\(at + 1)", id, kernel: "outside")
      (at, id) = (at + 100, id + 1)
    }
    return trace
  }

  /// A run of steps: each an annotation around launches of graphs with their kernels.
  private static func run(_ steps: [(name: String, graphs: [[String]])]) -> TraceText {
    var trace = TraceText()
    var (at, id) = (0, 1000)
    for step in steps {
      if !step.name.isEmpty { trace.annotation(step.name, "\(at)", "90") }
      for (number, graph) in step.graphs.enumerated() {
        trace.launch("hipGraphLaunch", "\(at + 1 + number)", id)
        for (place, kernel) in graph.enumerated() {
          trace.kernel(
            kernel, "\(at + 10 + 20 * number + 2 * place)", "1.00\(place)", id,
            category: kernel.hasPrefix("copy") ? "gpu_memcpy" : "kernel")
        }
        id += 1
      }
      at += 100
    }
    return trace
  }

  private func read(_ run: TraceText, _ captures: TraceText...) throws -> ImportedTrace {
    var options = ImportOptions.standard
    for (number, capture) in captures.enumerated() {
      options.captures.append(try folder.write(capture.text, to: "capture \(number).json"))
    }
    return try run.read(options)
  }

  /// Names, shapes, calls and time of the groups.
  private func summary(_ trace: ImportedTrace) -> [String] {
    trace.groups.map { "\($0.name) \($0.inputDims) \($0.operationCount) \($0.totalKernelTime)" }
      .sorted()
  }

  @Test(
    "kernels of a graph go by their place to the operators that were captured",
    arguments: [true, false])
  func full(hasNames: Bool) throws {
    let capture = Self.capture(
      [("capture_4_FULL", [["a", "b"], ["a"], ["copy"]])], hasNames: hasNames)
    let step = ("execute_context_0(0)_generation_4(4)", [["a", "b", "a", "copy"]])
    let trace = try read(Self.run([step, step]), capture)
    #expect(
      summary(trace) == ["op 0 [[0]] 2 4002", "op 1 [[1]] 2 2004", "op 2 [[2]] 2 2006"])
    #expect(trace.samples.map(\.duration.count) == [2, 2, 2])
    #expect(trace.coverage[.graphCapture] == Tally(count: 8, nanoseconds: 8012))
    #expect(trace.coverage[.graph].count == 0)
    #expect(trace.coverage.graphs.verified == (hasNames ? 8 : 0))
    #expect(trace.coverage.graphs.launches == 2)
    #expect(trace.steps.map { $0.kernels?.count } == [4, 4])
    #expect(trace.arguments.hasPrefix("capture="))
    #expect(trace.facts["graph_kernels_recovered"] == "8")
  }

  @Test func `the graphs of one step are laid end to end`() throws {
    let capture = Self.capture([
      ("capture_2_FULL", [["a"]]), ("capture_2_PIECEWISE", [["a"], ["b"], ["c", "c"]]),
    ])
    let trace = try read(
      Self.run([("execute_context_0(0)_generation_2(2)", [["a"], ["b", "c"], ["c"]])]), capture)
    #expect(trace.coverage.graphs.recovered == 4)
    #expect(summary(trace) == ["op 0 [[0]] 1 1000", "op 1 [[1]] 1 1000", "op 2 [[2]] 1 2001"])
  }

  @Test(
    "the size of a batch chooses among captures that look alike",
    arguments: [
      ("execute_context_0(0)_generation_2(2)", "[[0]]", 0),
      ("execute_context_0(0)_generation_3(3)", "[[0,8]]", 1),
      ("decode[bs=1/2 tok=1 d=1]", "[[0]]", 0),
      // More than was captured, and no size at all with two that fit: nothing is certain.
      ("execute_context_0(0)_generation_9(9)", nil, 0), ("", nil, 0), ("ProfilerStep#1", nil, 0),
    ] as [(String, String?, Int)])
  func sizes(step: String, dims: String?, padded: Int) throws {
    let small = Self.capture([("capture_2_FULL", [["a"]])])
    let large = Self.capture([("capture_8_FULL", [["a"]])], dims: ", 8")
    let trace = try read(Self.run([(step, [["a"]])]), large, small)
    #expect(trace.groups.map(\.inputDims) == (dims.map { [$0] } ?? []))
    #expect(trace.coverage[.graph].count == (dims == nil ? 1 : 0))
    #expect(trace.coverage.graphs.paddedLaunches == padded)
  }

  @Test func `without a size the one capture that fits is taken`() throws {
    let capture = Self.capture([("capture_2_FULL", [["a"]]), ("capture_4_FULL", [["a", "b"]])])
    let trace = try read(Self.run([("", [["a", "b"]])]), capture)
    #expect(summary(trace) == ["op 0 [[0]] 1 2001"])
  }

  @Test func `two captures that fit and name other operators give nothing`() throws {
    let one = Self.capture([("capture_2_FULL", [["a"]])])
    let other = Self.capture([("capture_2_FULL", [["a"]])], dims: ", 8")
    let step = ("step[DECODE bs=2]", [["a"]])
    #expect(try read(Self.run([step]), one, other).groups.isEmpty)
    #expect(try read(Self.run([step]), one, one).groups.count == 1)
  }

  @Test(
    "where not all fits, only whole calls at the named ends are taken",
    arguments: [
      // One kernel more in the middle, of an operator that is therefore left out.
      (["a", "b", "x", "c", "d"], true, ["op 0 [[0]] 1 1000", "op 2 [[2]] 1 1004"]),
      (["a", "b", "x", "c", "d"], false, []),
      // Other kernels: nothing.
      (["x", "y", "z", "d"], true, []), (["a", "x", "y", "z"], true, []),
      // One kernel fewer.
      (["a", "b", "c"], true, ["op 0 [[0]] 1 1000", "op 1 [[1]] 1 2003"]),
    ] as [([String], Bool, [String])])
  func partial(kernels: [String], hasNames: Bool, expected: [String]) throws {
    let capture = Self.capture(
      [("capture_2_FULL", [["a"], ["b", "c"], ["d"]])], hasNames: hasNames)
    let trace = try read(Self.run([("step[DECODE bs=2]", [kernels])]), capture)
    #expect(summary(trace) == expected)
    #expect(trace.coverage.graphs.kernels == kernels.count)
    #expect(
      trace.coverage[.graph].count + trace.coverage[.graphCapture].count == kernels.count)
    #expect(trace.coverage.graphs.verified == trace.coverage.graphs.recovered)
  }

  @Test func `a name or kind that differs refuses the whole`() throws {
    let capture = Self.capture([("capture_1_FULL", [["a"], ["copy"]])], hasNames: false)
    let step = "step[DECODE bs=1]"
    #expect(try read(Self.run([(step, [["copy", "a"]])]), capture).groups.isEmpty)
    #expect(try read(Self.run([(step, [["a", "copy"]])]), capture).groups.count == 2)
  }

  @Test func `a trace that holds the capture of its own graph needs no other`() throws {
    var both = Self.capture([("capture_1_FULL", [["a", "b"]])])
    both.annotation("step[DECODE bs=1]", "5000", "90")
    both.launch("cudaGraphLaunch", "5001", 900)
    both.kernel("a", "5010", "1", 900)
    both.kernel("b", "5012", "2", 900)
    let trace = try both.read()
    #expect(summary(trace) == ["op 0 [[0]] 1 3000", "warm-up [[1]] 1 1000"])
    #expect(trace.arguments.isEmpty)
  }

  @Test func `a node of a graph goes to the launch that it was captured from`() throws {
    var trace = TraceText()
    trace.op("op", "0", "50", dims: "[[7]]")
    trace.launch("cudaLaunchKernel", "1", 1, node: 31)
    trace.launch("cudaLaunchKernel", "2", 2, node: 32)
    trace.launch("cudaLaunchKernel", "3", 3, node: 33)
    trace.launch("cudaLaunchKernel", "4", 4, node: 33)
    for (step, at) in [100, 200].enumerated() {
      trace.launch("cudaGraphLaunch", "\(at)", 10 + step)
      for (place, node) in [32, 31, 33, 99].enumerated() {
        trace.kernel("k", "\(at + 10 + 2 * place)", "1", 10 + step, node: node)
      }
    }
    let result = try trace.read()
    #expect(summary(result) == ["op [[7]] 2 4000"])
    #expect(result.coverage[.graphNode].count == 4)
    #expect(result.coverage[.graph].count == 4)
  }

  @Test func `a list names the captures beside it`() throws {
    let capture = Self.capture([("capture_1_FULL", [["a"]])])
    _ = try folder.write(capture.text, to: "one.json")
    var bare = Self.capture([("x", [["b"]])])
    bare.events.removeAll { $0.contains("outside") }
    _ = try folder.write(bare.text, to: "two.json")
    let list = try folder.write(
      """
      [{"file": "one.json", "batch_size": 1, "mode": "FULL"}, 7,
       {"mode": "FULL", "batch_size": 3, "file": "two.json", "more": [{}]}]
      """, to: "execution_details.json")
    var options = ImportOptions.standard
    options.captures = [list]
    let trace = try Self.run([("step[DECODE bs=1]", [["a"]]), ("step[DECODE bs=3]", [["b"]])])
      .read(options)
    #expect(trace.coverage.graphs.recovered == 2)
    #expect(trace.coverage.graphs.captures == 2)
  }

  @Test(
    "a list that names other folders, or a file that holds no capture, is refused",
    arguments: [
      (#"[{"file": "../x.json", "batch_size": 1}]"#, "does not name a file beside the list"),
      (#"[{"file": "/etc/passwd", "batch_size": 1}]"#, "does not name a file beside the list"),
      (#"[{"batch_size": 1, "file": ".."}]"#, "does not name a file beside the list"),
      (#"[{"batch_size": 1, "file": 7}]"#, "does not name a file beside the list"),
      (#"[{"batch_size": 1, "file": "none.json"}]"#, "No such file"),
      (#"[{"batch_size": 1, "file": "a"#, "ends early"),
      (Self.run([("", [["a"]])]).text, "holds no captured graph"),
    ])
  func refusal(text: String, complaint: String) throws {
    var options = ImportOptions.standard
    options.captures = [try folder.write(text, to: "list.json")]
    let error = #expect(throws: ProfilerTraceError.self) {
      _ = try Self.run([("", [["a"]])]).read(options)
    }
    #expect(error?.description.contains(complaint) == true, "\(error.map(\.description) ?? "")")
  }

  @Test func `other formats take no captures`() throws {
    var options = ImportOptions.standard
    options.captures = ["x"]
    options.format = .sweep
    let error = #expect(throws: ProfilerTraceError.self) {
      _ = try TraceReader.read(path: "y", options: options)
    }
    #expect(error?.description.contains("no Kineto trace") == true)
  }

  @Test func `a damaged capture or list ends in an import or an error`() throws {
    let capture = Array(
      Self.capture([("capture_2_FULL", [["a", "b"], ["copy"]])]).text.utf8)
    let list = Array(#"[{"file": "one.json", "batch_size": 1, "mode": "FULL"}]"#.utf8)
    _ = try folder.write(Self.capture([("capture_1_FULL", [["a"]])]).text, to: "one.json")
    let run = Array(
      Self.run([
        ("step[DECODE bs=2]", [["a", "b", "copy"]]), ("step[DECODE bs=1]", [["a"]]),
      ]).text.utf8)
    var random = SplitMix64(seed: 11)
    func attempt(_ bytes: [UInt8], _ run: [UInt8]) throws {
      var options = ImportOptions(maximumBadShare: 1)
      options.captures = [
        try folder.write(String(decoding: bytes, as: UTF8.self), to: "damaged.json")
      ]
      if let trace = try? KinetoReader.read(bytes: run, options: options) {
        let graphs = trace.coverage.graphs
        #expect(graphs.verified <= graphs.recovered)
        #expect(graphs.recovered == trace.coverage[.graphCapture].count)
      }
    }
    for length in 0...list.count { try attempt(Array(list.prefix(length)), run) }
    for length in stride(from: 0, to: capture.count, by: 7) {
      try attempt(Array(capture.prefix(length)), run)
    }
    let alphabet = Array("{}[]\",:\\0129.eE+-tfnu_abc".utf8)
    for _ in 0..<600 {
      var (damaged, damagedRun) = (capture, run)
      for _ in 0...random.below(4) {
        damaged[random.below(damaged.count)] = alphabet[random.below(alphabet.count)]
      }
      for _ in 0..<random.below(4) {
        damagedRun[random.below(run.count)] = alphabet[random.below(alphabet.count)]
      }
      try attempt(damaged, damagedRun)
    }
  }
}
