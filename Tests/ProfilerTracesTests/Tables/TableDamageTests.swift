import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

/// Whatever happens to a table, it ends in counts or one clear error.
@Suite struct TableDamageTests {
  /// A table of each format, and how it is read.
  static let tables: [(name: String, text: String)] = [
    (
      "layers",
      VidurReaderTests.table(
        ["emb", "mlp_up_proj", "add"].flatMap { VidurReaderTests.times($0) }
          + VidurReaderTests.sizes())
    ),
    (
      "attention",
      VidurReaderTests.attention(
        [
          ("batch_size", "5"), ("prefill_chunk_size", "0"), ("kv_cache_size", "127"),
          ("block_size", "16"),
        ], prefill: false)
    ),
    (
      "network",
      VidurReaderTests.table(
        VidurReaderTests.times("send_recv") + [
          ("num_workers", "2"), ("size", "2048"), ("collective", "send_recv"),
          ("devices_per_node", "1"), ("max_devices_per_node", "8"),
        ])
    ),
    ("latencies", LayerLatencyReaderTests.header + "attn,3,0,2,104\nq_proj,3,1,1,101\n"),
    (
      "steps", SplitwiseReaderTests.header + "m,gpu,512,3,129,1,1,100.5,2,356.5,4\n"
    ),
    ("nccl", NCCLTestsReaderTests.allReduce),
    ("mapped", "mm,4,8,h,1.5us,1,10,a\nx,7,8,h,2,1,10,a\n"),
    ("mapping", MappedTableReaderTests.mapping),
  ]

  /// Reads a damaged table; every outcome but a trap is good, if it is told and adds up.
  func check(_ name: String, _ text: [UInt8], _ directory: TemporaryDirectory) throws {
    let path = directory.path + "/table"
    try directory.write(text, to: "table")
    var options = LayerLatencyReaderTests.options
    options.inputLimits.maximumOutput = 1 << 20
    do throws(ProfilerTraceError) {
      switch name {
      case "mapping": _ = try TableMapping(path: path)
      case "mapped":
        options.mapping = try TableMapping(path: directory.path + "/sound.json")
        check(try TraceReader.read(path: path, options: options))
      default:
        options.format =
          switch name {
          case "latencies": .layerLatency
          case "steps": .splitwise
          case "nccl": .ncclTests
          default: .vidur
          }
        check(try TraceReader.read(path: path, options: options))
      }
    } catch {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
    }
  }

  private func check(_ traces: [ImportedTrace]) {
    for trace in traces {
      let coverage = trace.coverage
      let left = RejectionReason.allCases.reduce(0) { $0 + coverage.rejected($1) }
      #expect(coverage.recordsUsed == trace.samples.count + trace.measuredSteps.count)
      #expect(coverage.recordsRead == coverage.recordsUsed + left)
      for sample in trace.samples {
        #expect(sample.duration.median > 0 && sample.duration.median.isFinite)
        #expect(SizeLimits.allow(sample.operator, at: sample.point))
      }
    }
  }

  @Test("a table that ends anywhere is read or refused", arguments: tables.map(\.name))
  func truncation(name: String) throws {
    let text = try #require(Self.tables.first { $0.name == name }).text
    let directory = try TemporaryDirectory()
    _ = try directory.write(MappedTableReaderTests.mapping, to: "sound.json")
    let bytes = Array(text.utf8)
    for count in 0...bytes.count {
      try check(name, Array(bytes.prefix(count)), directory)
    }
  }

  @Test("a table with changed bytes is read or refused", arguments: tables.map(\.name))
  func mutation(name: String) throws {
    let text = try #require(Self.tables.first { $0.name == name }).text
    let directory = try TemporaryDirectory()
    _ = try directory.write(MappedTableReaderTests.mapping, to: "sound.json")
    var random = SplitMix64(seed: 7)
    let pieces = [
      "", ",", "\"", "\n", "-", "0", "9223372036854775807", "1e308", "nan", "\u{0}", "True", "#",
      "time", "{", "]", "\u{202E}",
    ].map { Array($0.utf8) }
    for _ in 0..<400 {
      var bytes = Array(text.utf8)
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count)
        let end = min(bytes.count, place + random.below(12))
        bytes.replaceSubrange(place..<end, with: pieces[random.below(pieces.count)])
        if bytes.isEmpty { bytes = [48] }
      }
      try check(name, bytes, directory)
    }
  }
}
