import Foundation
import Operators
import ProfilerTraces
import TestSupport
import Testing
import TraceIO

@Suite struct CurvesReaderTests {
  private static let header = """
    {"operator_curves":1,"device":"NVIDIA H200","runtime":{"framework":"vLLM","version":"0.24.0"},\
    "source":"package 1/table","facts":{"licence":"Apache-2.0","package":"package 1","user":"me"}}
    """
  private static let gemm = """
    {"kind":"gemm","dtype":"bf16","attributes":{"n":64,"k":32},"label":"cutlass","axes":["tokens"],\
    "points":[[1,2500],[16,3100.5],[32,4000,3]]}
    """
  private static let decode = """
    {"kind":"attention","attributes":{"heads":8,"kvHeads":1,"headDim":128},\
    "axes":["decodeSequences","decodeContext"],"points":[[4,1024,9000]]}
    """

  private func read(_ lines: [String], _ options: ImportOptions = .standard) throws -> ImportedTrace
  {
    let directory = try TemporaryDirectory()
    let path = try directory.write(lines.joined(separator: "\n"), to: "curves")
    return try CurvesReader.read(path: path, options: options)
  }

  @Test func `A file's points become samples, with its device, runtime and facts`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      [Self.header, Self.gemm, "", Self.decode].joined(separator: "\n"), to: "x")
    #expect(try TraceFormat.detect(path: path) == .curves)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.deviceName == "NVIDIA H200")
    #expect(trace.runtime == RuntimeDescription(framework: "vLLM", version: "0.24.0"))
    #expect(trace.path == "package 1/table")
    #expect(trace.facts == ["licence": "Apache-2.0", "package": "package 1"])
    let gemm = Operator(.gemm, dataType: .bfloat16, ["n": 64, "k": 32])
    #expect(trace.samples.map(\.operator) == [gemm, gemm, gemm, trace.samples[3].operator])
    #expect(trace.samples.map(\.point).prefix(3) == [AxisPoint(1), AxisPoint(16), AxisPoint(32)])
    #expect(trace.samples.map(\.duration.mean) == [2500, 3100.5, 4000, 9000])
    #expect(trace.samples.map(\.duration.count) == [1, 1, 3, 1])
    #expect(trace.samples.map(\.label) == ["cutlass", "cutlass", "cutlass", "attention"])
    #expect(trace.samples[3].point == AxisPoint(0, 0, 4, 1024))
    #expect(trace.coverage.recordsRead == 4 && trace.coverage.recordsUsed == 4)
  }

  @Test(arguments: [
    "", "{}", "{\"operator_curves\":2}", "{\"operator_curves\":\"1\"}", "[1]", "not JSON",
    gemm,
  ])
  func `Without a header of version 1 a file is refused`(first: String) {
    #expect(throws: ProfilerTraceError.self) { try read([first, Self.gemm]) }
  }

  @Test(
    arguments: [
      ("[-1,5]", .badValue), ("[1]", .badValue), ("[1,2,3,4]", .badValue), ("[1.5,2]", .badValue),
      ("[1,2,0]", .badValue), ("[\"1\",2]", .badValue), ("[1,null]", .badValue),
      ("[[1],2]", .badValue), ("7", .badValue), ("{\"a\":[1]}", .badValue),
      ("[99999999999999999999,1]", .badValue), ("[1099511627777,1]", .badValue),
      ("[1,0]", .negativeDuration), ("[1,-3]", .negativeDuration),
      ("[1,3600000000001]", .durationTooLong), ("[1,1e300]", .durationTooLong),
      ("[1,1e999]", .badValue),
    ] as [(String, RejectionReason)])
  func `A damaged point is counted and the others stay`(point: String, reason: RejectionReason)
    throws
  {
    let line = Self.gemm.replacing("[16,3100.5]", with: point)
    let trace = try read([Self.header, line])
    #expect(trace.samples.map(\.point) == [AxisPoint(1), AxisPoint(32)])
    #expect(trace.coverage.rejected(reason) == 1)
    #expect(trace.coverage.recordsRead == 3)
  }

  @Test(
    arguments: [
      ("\"gemm\"", "7"), ("\"gemm\"", "\"\""), ("\"gemm\"", "\"opaque:x\""),
      ("\"gemm\"", "{\"a\":1}"), ("\"bf16\"", "\"fp3\""), ("\"bf16\"", "[1]"),
      ("{\"n\":64,\"k\":32}", "[]"), ("64", "-1"), ("64", "0"), ("64", "4294967296"),
      ("64", "\"64\""),
      ("[\"tokens\"]", "[]"), ("[\"tokens\"]", "[\"bytes\"]"),
      ("[\"tokens\"]", "[\"tokens\",\"tokens\"]"), ("[\"tokens\"]", "7"),
      ("\"axes\"", "\"other\""), ("\"kind\"", "\"other\""),
      ("\"cutlass\"", "\"\(String(repeating: "x", count: 300))\""), ("]}", "]} 7"),
      ("]}", "]"),
    ])
  func `A damaged line is one bad record and the others stay`(old: String, new: String) throws {
    let line = Self.gemm.replacing(old, with: new)
    let trace = try read([Self.header, line, Self.decode])
    #expect(trace.samples.count == 1, "\(line)")
    #expect(trace.coverage.rejectedRecords >= 1)
  }

  @Test func `More points than may be kept are an error, not memory`() throws {
    let options = ImportOptions(maximumEvents: 4)
    #expect(try read([Self.header, Self.gemm, Self.decode], options).samples.count == 4)
    #expect(throws: ProfilerTraceError.self) {
      try read([Self.header, Self.gemm, Self.gemm], options)
    }
  }

  /// Property: whatever happens to a file, it is imported or refused.
  @Test func `A file cut anywhere is imported up to there or refused`() throws {
    let text = Array([Self.header, Self.gemm, Self.decode].joined(separator: "\n").utf8)
    let directory = try TemporaryDirectory()
    for end in 0..<text.count {
      let path = try directory.write(String(decoding: text[..<end], as: UTF8.self), to: "cut")
      if let trace = try? CurvesReader.read(path: path) {
        #expect(trace.samples.count <= 4)
        #expect(end > Self.header.utf8.count)
      }
    }
  }

  @Test func `A file with changed bytes is imported or refused`() throws {
    let text = Array([Self.header, Self.gemm, Self.decode].joined(separator: "\n").utf8)
    let directory = try TemporaryDirectory()
    var random = SplitMix64(seed: 7)
    let hostile = Array("[]{},:\"0123456789-+.eE\\u nulltrue\n\u{0}".utf8)
    for _ in 0..<2000 {
      var changed = text
      for _ in 0...random.below(4) {
        changed[random.below(changed.count)] = hostile[random.below(hostile.count)]
      }
      let file = URL(filePath: directory.path + "/changed")
      try Data(changed).write(to: file)
      guard let trace = try? CurvesReader.read(path: file.path()) else { continue }
      for sample in trace.samples {
        #expect(sample.duration.mean > 0 && sample.duration.mean <= 3.6e12)
        #expect((0..<5).allSatisfy { (0...1 << 40).contains(sample.point[$0]) })
      }
    }
  }
}
