import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing
import TraceIO

/// A day of four windows; from noon on requests are longer.
private let trace = """
  0,0,0,,0,0
  600,2.5,0.5,Gamma,4.0,0.1
  43200,1.0,1.3,Weibull,0.8,7.7
  43800,0,0,,0,0

  """
private let dataset = """
  {"0": {"input_tokens": "{10: 0.25, 20: 0.75}", "output_tokens": "{3: 1.0}", "reason_ratio": "{0.0: 1}"},
   "21600": {"input_tokens": "{}", "output_tokens": "{}"},
   "43200": {"text_tokens": "{7: 2e-1, 9: 0.8}", "image_tokens": "{1: 1.0}", "output_tokens": "{5:1}"}}
  """

private func withFolder<Result>(
  _ files: [String: [UInt8]], _ body: (String) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("reprise-servegen-\(UInt64.random(in: .min ... .max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, bytes) in files {
    try Data(bytes).write(to: folder.appendingPathComponent(name))
  }
  return try body(folder.path)
}

private func client(_ trace: String, _ dataset: String?) throws -> ServeGenClient {
  try withFolder(["t.csv": Array(trace.utf8), "d.json": Array((dataset ?? "").utf8)]) { folder in
    try ServeGenClient(
      trace: "\(folder)/t.csv", dataset: dataset == nil ? nil : "\(folder)/d.json")
  }
}

@Suite("Clients of ServeGen")
struct ServeGenTests {
  @Test("become a stream for each of their lengths, silent at other times")
  func streams() throws {
    let streams = try client(trace, dataset).streams(name: "c", requestClass: "api", scale: 2)
    let morning: [ArrivalProcess.RateWindow] = [
      .init(duration: 600, rate: 0), .init(duration: 42_600, rate: 5, gaps: .gamma(variation: 0.5)),
      .init(duration: 1_200, rate: 0),
    ]
    let noon: [ArrivalProcess.RateWindow] = [
      .init(duration: 43_200, rate: 0), .init(duration: 600, rate: 2, gaps: .weibull(shape: 0.8)),
      .init(duration: 600, rate: 0),
    ]
    #expect(
      streams == [
        ClientStream(
          name: "c/0", requestClass: "api", load: .arrivals(.windows(morning, repeats: true)),
          input: .empirical([.init(tokens: 10, weight: 0.25), .init(tokens: 20, weight: 0.75)]),
          output: .empirical([.init(tokens: 3)])),
        ClientStream(
          name: "c/1", requestClass: "api", load: .arrivals(.windows(noon, repeats: true)),
          input: .empirical([.init(tokens: 7, weight: 0.2), .init(tokens: 9, weight: 0.8)]),
          output: .empirical([.init(tokens: 5)])),
      ])
    let workload = SyntheticWorkload(streams: streams, duration: Nanoseconds(seconds: 44_400))
    // 5 a second over 42,600 s, and 2 over 600 s.
    #expect(abs(workload.rate - (5.0 * 42_600 + 2 * 600) / 44_400) < 1e-9)
  }

  @Test("without a file of lengths take given ones, and are refused without")
  func withoutLengths() throws {
    let client = try client(trace, nil)
    let streams = try client.streams(name: "c", input: .constant(9), output: .constant(1))
    #expect(streams.map(\.name) == ["c"])
    #expect(streams[0].input == .constant(9))
    let error = #expect(throws: RequestLogError.self) { try client.streams(name: "c") }
    #expect(
      error?.description
        == "workload: c: a client without a file of lengths cannot be; give lengths for those that "
        + "have none")
  }

  @Test("of a folder come in the order of their numbers, and share a class")
  func folder() throws {
    let files = Dictionary(
      uniqueKeysWithValues: [10, 2].flatMap {
        [
          ("chunk-\($0)-trace.csv", Array(trace.utf8)),
          ("chunk-\($0)-dataset.json", Array(dataset.utf8)),
        ]
      })
    let streams = try withFolder(files) { try ServeGenClient.streams(folder: $0, name: "m") }
    #expect(streams.map(\.name) == ["m/2/0", "m/2/1", "m/10/0", "m/10/1"])
    #expect(streams.allSatisfy { $0.requestClass == "m" })
    #expect(throws: RequestLogError.empty(path: "/nowhere")) {
      try ServeGenClient.streams(folder: "/nowhere", name: "m")
    }
  }

  @Test(
    "that are damaged say where",
    arguments: [
      ("0,1,1,Pareto,1,1\n", "t.csv:1:"), ("0,1,1,Gamma,1,1\n0,1,1,Gamma,1,1\n", "t.csv:2:"),
      ("0,1,1,Gamma,0,1\n", "t.csv:1:"), ("0,-1,1,Gamma,1,1\n", "t.csv:1:"),
      ("0,nan,1,Gamma,1,1\n", "t.csv:1:"), ("x\n", "t.csv:1:"),
      ("0,1e300,1,Weibull,1,1\n", "t.csv:1:"),
      ("0,1,1,Weibull,1e9,1\n", "t.csv:1:"), ("", "t.csv: there is no request"),
    ])
  func damagedRates(text: String, place: String) {
    let error = #expect(throws: RequestLogError.self) { try client(text, nil) }
    #expect(error?.description.contains(place) == true, "\(error?.description ?? "")")
  }

  @Test(
    "are refused where lengths are none",
    arguments: [
      "[]", "{", #"{"x": {}}"#, #"{"-1": {}}"#, #"{"0": []}"#, #"{"0": {"input_tokens": "{1: 2"}}"#,
      #"{"0": {"input_tokens": "{1: -2}"}}"#, #"{"0": {"input_tokens": "{1.5: 2}"}}"#,
      #"{"0": {"input_tokens": "{99999999: 1}"}}"#, #"{"0": {"input_tokens": "{1: 2: 3}"}}"#,
      #"{"0": {"input_tokens": "{1: nan}"}}"#, #"{"0": {}} {}"#,
    ])
  func damagedLengths(text: String) {
    #expect(throws: RequestLogError.self) { try client(trace, text) }
  }

  /// Counted by a script of its own from the files of `reason/deepseek-r1`: requests of the day, and the means of
  /// their lengths, weighed by the rates of the six hours that each holds for.
  @Test("of DeepSeek-R1 have the published rates and lengths", .needsSharedData)
  func deepSeek() throws {
    let wanted = [0, 1, 2, 72]
    let oracle = [
      (4_926.0, 264.912_757_609_876_56, 1_403.398_327_201_322_4),
      (10_815.0, 172.498_686_351_089_22, 910.114_610_692_963_4),
      (312.0, 67.602_564_102_564_13, 367.304_487_179_487_9),
      (2_156.0, 885.752_277_493_660_8, 661.694_076_341_191_1),
    ]
    let archive = SharedData.path("request-logs/servegen/servegen_reason_mm_and_traces.tar.zst")
    let files = try Archive.files(archive) { name in
      wanted.contains { name.contains("deepseek-r1/chunk-\($0)-") }
    }
    #expect(files.count == 8)
    try withFolder(files) { folder in
      for (number, (requests, input, output)) in zip(wanted, oracle) {
        let client = try ServeGenClient(
          trace: "\(folder)/chunk-\(number)-trace.csv",
          dataset: "\(folder)/chunk-\(number)-dataset.json")
        let streams = try client.streams(name: "c")
        let rates = streams.map { stream -> Double in
          guard case .arrivals(let process) = stream.load else { return 0 }
          return process.rate * 86_400
        }
        func mean(_ lengths: (ClientStream) -> LengthDistribution) -> Double {
          zip(streams, rates).map { lengths($0).mean * $1 / requests }.reduce(0, +)
        }
        #expect(abs(rates.reduce(0, +) - requests) < 1e-6 * requests)
        #expect(abs(mean(\.input) - input) < 1e-6 * input)
        #expect(abs(mean(\.output) - output) < 1e-6 * output)
      }
      // A day of the four together: counts of renewal processes with a variation of at most 3.
      let streams = try ServeGenClient.streams(folder: folder, name: "r1")
      let records = try SyntheticWorkload(
        seed: 1, streams: streams, duration: Nanoseconds(seconds: 86_400)
      ).records()
      let expected = oracle.reduce(0) { $0 + $1.0 }
      #expect(abs(Double(records.count) - expected) < 5 * 3 * expected.squareRoot())
      #expect(zip(records, records.dropFirst()).allSatisfy { $0.arrival <= $1.arrival })
    }
  }
}

/// Files of a tar archive, by the last part of their names.
private enum Archive {
  static func files(
    _ path: String, where isWanted: (String) -> Bool
  ) throws -> [String: [UInt8]] {
    var source = try ByteSource(path: path)
    var files: [String: [UInt8]] = [:]
    while true {
      let header = try source.read(count: 512)
      guard header.count == 512, header[0] != 0 else { return files }
      let name = String(decoding: header.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
      let octal = String(decoding: header[124..<135], as: UTF8.self)
      let size = try #require(Int(octal, radix: 8))
      let content = try source.read(count: (size + 511) / 512 * 512)
      guard isWanted(name), let last = name.split(separator: "/").last else { continue }
      files[String(last)] = Array(content.prefix(size))
    }
  }
}
