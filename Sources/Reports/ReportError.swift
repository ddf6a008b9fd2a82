import Foundation
import TraceIO

/// Why a report of ours could not be read back.
public enum ReportError: Error, Hashable, Sendable {
  /// The system refused to read; `reason` is its own word.
  case cannotRead(path: String, reason: String)
  /// A line of a file of ours says what it must not.
  case badLine(path: String, line: Int, reason: String)
  /// A path is no folder of a result.
  case noResult(path: String)
  /// A file is not what its name promises.
  case badFile(path: String, reason: String)
}

extension ReportError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .cannotRead(let path, let reason):
      "\(path): cannot be read (\(reason)); check the name and your permission"
    case .badLine(let path, let line, let reason):
      "\(path):\(line): \(reason); write the file again with this version, or correct the line"
    case .noResult(let path):
      "\(path): holds no result.json or scenario-result.json; give a folder that 'reprise replay' or "
        + "'reprise pipeline' wrote with -o"
    case .badFile(let path, let reason):
      "\(path): \(reason); write the file again with this version"
    }
  }
}

extension ReportError {
  /// What reading a file of ours ended with: an error of its rows as it is, one of its bytes in our words.
  init(_ error: any Error, reading path: String) {
    switch error {
    case let error as ReportError: self = error
    case let error as TraceIOError:
      self = .cannotRead(
        path: path, reason: error.detail.isEmpty ? error.reason.rawValue : error.detail)
    default: self = .cannotRead(path: path, reason: "\(error)")
    }
  }
}

/// Reads a whole report of ours.
func readWholeFile(_ path: String) throws(ReportError) -> Data {
  do {
    return try Data(contentsOf: URL(fileURLWithPath: path))
  } catch {
    throw .cannotRead(
      path: path,
      reason: FileManager.default.fileExists(atPath: path)
        ? "not a readable file" : "no such file")
  }
}
