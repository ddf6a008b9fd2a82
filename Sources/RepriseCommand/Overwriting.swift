import Foundation
import Reprise

/// Refuses outputs that would replace what the command reads.
///
/// - Parameters:
///   - outputs: paths that will be written; nil where nothing is.
///   - inputs: paths that are read; `-` and nil are none.
/// - Throws: ``Failure`` with ``Failure/Code/usage`` if two are one file, by whatever name.
func refuse(writing outputs: [String?], over inputs: [String?]) throws {
  func identity(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }
  let read = Set(inputs.compactMap(\.self).filter { $0 != "-" }.map(identity))
  for case let output? in outputs where read.contains(identity(output)) {
    throw Failure(
      .usage, "\(output): is read by this very command and would be overwritten; write elsewhere")
  }
}

/// Fails if an output cannot be written, before anything is computed that would then be lost.
///
/// - Throws: ``Failure`` with ``Failure/Cause/cannotCreate``; ``OutputError``.
func requireOutputs(_ outputs: [String?]) throws {
  for case let output? in outputs {
    guard output != "-" else {
      throw Failure(.usage, "'-' is no file that can be written; give a path")
    }
    let folder = URL(filePath: output).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw Failure(
        .cannotCreate, "\(output): there is no folder '\(folder)'; make it, or write elsewhere")
    }
    var status = stat()
    let isThere = stat(output, &status) == 0
    guard !isThere || status.st_mode & S_IFMT != S_IFDIR else {
      throw Failure(.cannotCreate, "\(output): is a folder; give the path of a file")
    }
    // Opened and left, it stays as it is; a pipe would be at its end for who reads it.
    if !isThere || status.st_mode & S_IFMT == S_IFREG { _ = try OutputFile(path: output) }
  }
}
