import Foundation
import Reprise

/// Makes the folder that a command writes into, if it is not there.
///
/// - Parameter names: the files that will be written into it; fails where one of them cannot be.
func makeFolder(_ path: String, for names: [String]) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    // Foundation does not always pass on what the system said; by now it may even be there.
    let code = cause.map { Int32($0.code) } ?? (mkdir(path, 0o777) == 0 ? 0 : errno)
    guard code == 0 else {
      throw Failure(
        .cannotCreate,
        "\(path): cannot make this folder (\(String(cString: strerror(code)))); give -o another path"
      )
    }
  }
  try requireOutputs(names.map { path + "/" + $0 })
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
