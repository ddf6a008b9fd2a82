import Foundation
import Reprise
import TestSupport

/// Our own capture: a small server on one CPU core, its operators, steps and requests.
enum OwnCapture {
  static let device = "cpu-epyc-1thread"
  static let folder = root.appending(path: "SampleTraces/amd-epyc-1thread")
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A new database with the trace and the sweep.
  static func database(in directory: TemporaryDirectory) throws -> OperatorStore {
    let store = try OperatorStore(path: directory.path("lat.sqlite"), mode: .readWrite)
    let trace = try KinetoReader.read(path: path("trace.pt.trace.json.gz"))
    let sweep = try SweepReader.read(path: path("samples.jsonl.zst"))
    for source in [trace, sweep] {
      _ = try store.add(source, device: device)
    }
    return store
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

/// Data of public projects, present only beside some checkouts.
enum PublishedData {
  static let folder = OwnCapture.root.deletingLastPathComponent().appending(path: "shared/data")
  static let isPresent = FileManager.default.fileExists(atPath: folder.path)

  static func path(_ name: String) -> String { folder.appending(path: name).path }
}
