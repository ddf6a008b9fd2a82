import Foundation
import Reprise

/// Makes the folder that a command writes into, if it is not there.
func makeFolder(_ path: String) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw Failure(.cannotCreate, "\(path): cannot make this folder; give -o another path")
  }
}

extension ResultFile.Input {
  /// A log that was read.
  init(log: InputSummary) {
    self.init(role: "request-log", path: log.path, sha256: log.sha256, bytes: log.storedBytes)
  }

  /// Files by what they were read as, with their digests; those without a path are left out.
  static func files(_ paths: KeyValuePairs<String, String?>) throws -> [Self] {
    var inputs: [Self] = []
    for (role, path) in paths {
      guard let path else { continue }
      var source = try ByteSource(path: path)
      let summary = try source.finish()
      inputs.append(
        Self(role: role, path: path, sha256: summary.sha256, bytes: summary.storedBytes))
    }
    return inputs
  }
}
