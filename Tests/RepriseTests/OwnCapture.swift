import Foundation
import Reprise
import TestSupport
import Testing

/// Our own capture: a small server on one CPU core, its operators, steps and requests.
enum OwnCapture {
  static let device = "cpu-epyc-1thread"
  static let folder = Checkout.url("SampleTraces/amd-epyc-1thread")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A new database with the trace and the sweep.
  static func database(in directory: TemporaryDirectory) throws -> OperatorStore {
    let path = directory.path("lat.sqlite")
    try imported.get().write(to: URL(filePath: path))
    return try OperatorStore(path: path, mode: .readWrite)
  }

  /// The bytes of that database, imported once: to read the trace takes seconds in a debug build.
  private static let imported: Result<Data, any Error> = Result {
    let directory = try TemporaryDirectory()
    try importAll(to: directory.path("lat.sqlite"))
    return try Data(contentsOf: URL(filePath: directory.path("lat.sqlite")))
  }

  /// The database is closed, and so complete, where this returns.
  private static func importAll(to path: String) throws {
    let store = try OperatorStore(path: path, mode: .readWrite)
    let trace = try KinetoReader.read(path: self.path("trace.pt.trace.json.gz"))
    let sweep = try SweepReader.read(path: self.path("samples.jsonl.zst"))
    for source in [trace, sweep] {
      _ = try store.add(source, device: device)
    }
  }

  /// A file with the trace's first events, some two million bytes of text, for tests that ask of an
  /// import only how it ends.
  static func shortTrace(in directory: TemporaryDirectory) throws -> String {
    var source = try ByteSource(path: path("trace.pt.trace.json.gz"))
    var text = Data()
    while text.count < 2_000_000 { text += try source.read(count: 100_000) }
    let end = try #require(text.range(of: Data("\n  },\n".utf8), options: .backwards))
    return try directory.write(
      Array(text[..<end.lowerBound]) + Array("\n  }]}\n".utf8), to: "short.json")
  }

  static func deployment() throws -> Deployment {
    let path = path("server.yaml")
    return try Deployment(yaml: String(contentsOfFile: path, encoding: .utf8), path: path)
  }

  static func architecture() throws -> ModelArchitecture {
    try ModelArchitecture(
      configuration: Array(Data(contentsOf: URL(filePath: path("config.json")))),
      name: "config.json")
  }
}
