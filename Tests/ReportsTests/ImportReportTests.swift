import Foundation
import TestSupport
import Testing

@testable import OperatorStore
@testable import ProfilerTraces
@testable import Reports

@Suite("What an import and an inspection say")
struct ImportReportTests {
  /// A small trace: one product with two launches, one without shapes, one in a graph.
  private func trace(kernel: String = "sgemm_kernel", shapes: Bool = true) throws -> ImportedTrace {
    func event(_ category: String, _ name: String, _ start: Int, _ duration: Int, _ more: String)
      -> String
    {
      """
      {"ph": "X", "cat": "\(category)", "name": "\(name)", "pid": 1, "tid": 1, "ts": \(start),
       "dur": \(duration), "args": {\(more)}}
      """
    }
    let dims = shapes ? #""Input Dims": [[4,8],[8,16]], "Input type": ["float","float"]"# : ""
    var events: [String] = []
    for index in 0..<2 {
      let start = 100 * index
      events.append(event("cpu_op", "aten::mm", start, 50, dims))
      events.append(
        event("cuda_runtime", "cudaLaunchKernel", start + 1, 2, #""correlation": \#(index + 1)"#))
      events.append(event("kernel", kernel, start + 5, 30, #""correlation": \#(index + 1)"#))
    }
    events.append(event("cpu_op", "step", 300, 50, ""))
    events.append(event("cuda_runtime", "cudaGraphLaunch", 301, 2, #""correlation": 9"#))
    events.append(event("kernel", "inner", 310, 40, #""correlation": 9"#))
    let text = #"{"schemaVersion": 1, "traceEvents": ["# + events.joined(separator: ",") + "]}"
    return try withTemporaryPath("trace.json") { path in
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      var trace = try TraceReader.read(path: path)[0]
      trace.path = "trace.json"
      return trace
    }
  }

  @Test("name the outcome, the counts and the attribution")
  func imported() throws {
    let trace = try trace()
    let lines = trace.importReport(device: "D", outcome: .added(samples: 1, curves: 1, steps: 0))
    #expect(lines[0] == "trace.json: kineto on D, PyTorch")
    #expect(lines[1] == "  9 records read, 9 used: 1 sample on 1 curve")
    #expect(
      lines.contains { $0.contains("correlation, innermost operator") && $0.contains("60.0") })
    #expect(
      trace.importReport(device: "D", outcome: .unchanged)
        == ["trace.json: already imported for D; nothing changed"])
  }

  @Test("say what it is, how it is stored, what it holds and what would give more")
  func inspected() throws {
    let text = try trace().inspectionReport(device: nil).joined(separator: "\n")
    for words in [
      "trace.json: PyTorch Kineto trace", "stored    plain, ", "SHA-256",
      "kineto_era: microseconds",
      "not named: an import needs --device NAME", "in microseconds, durations in steps of 10000 ns",
      "0.350 ms from first to last", "9 records: 3 operators, 3 launches, 3 kernels; on 1 thread",
      "of 100.0 % of the used time", "an import would add 1 sample on 1 curve:",
      "gemm ", "name the device: --device NAME", "40.0 % of the time ran in graphs",
    ] {
      #expect(text.contains(words), "\(words)\n\(text)")
    }
    let blind = try trace(kernel: "unheard-of", shapes: false).advice(device: "D")
    #expect(blind.contains { $0.contains("record_shapes=True") })
    #expect(blind.contains { $0.contains("--kernel-names") })
  }

  @Test("let no name of a file reach the terminal as a control")
  func hostile() throws {
    var trace = try trace(kernel: #"\u001b[2J\u202egemm"#)
    trace.path = "\u{1b}]0;x\u{7}.json"
    trace.deviceName = "a\u{202e}b"
    trace.facts["rank"] = "\n0"
    trace.runtime.version = "\u{9b}2J"
    let place = SourcePlace(offset: 1, length: 2)
    let source = OperatorStore.Source(
      id: 1, path: trace.path, sha256: "a", format: "\u{7}", device: "\u{7}", runtime: "\u{7}",
      arguments: "\u{7}", bytes: 1, recordsRead: 1, recordsUsed: 1, samples: 1, steps: 0,
      facts: [("a\u{7}", "\u{7}")])
    let origin = OperatorStore.SampleOrigin(
      id: 1, source: 1, row: [("sample", "1"), ("source", "1"), ("label", "\u{7}")],
      kernels: trace.groups.flatMap(\.kernels).map { kernel in
        var kernel = kernel
        kernel.events = [KernelEvent(place: place, duration: 1)]
        return kernel
      })
    var lines = trace.inspectionReport(device: trace.deviceName)
    lines += trace.importReport(
      device: "a\u{7}", outcome: .replaced(samples: 1, curves: 1, steps: 1))
    lines += source.report
    lines += origin.report(source: source, excerpts: [place: Array("{\n\t\u{1b}x".utf8)])
    for line in lines {
      let bad = line.unicodeScalars.filter {
        $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
      }
      #expect(bad.isEmpty, "\(line.debugDescription)")
    }
    #expect(lines.contains { $0.contains("{ \\t\\u{1b}x") })
  }

  @Test("keep to the schema of kernel names, and its classes are the code's")
  func schema() throws {
    let schema = try SchemaCheck(file: "kernel-names.schema.json")
    let value = try JSONSerialization.jsonObject(with: Data(KernelNameTable.builtInText.utf8))
    #expect(schema.problems(in: value) == [])
    for kernelClass in KernelClass.allCases {
      let rule = ["match": "a", "class": kernelClass.rawValue]
      #expect(schema.problems(in: ["version": 1, "rules": [rule]]) == [])
    }
    #expect(!schema.problems(in: ["version": 1, "rules": [["match": "a", "class": "x"]]]).isEmpty)
  }
}
