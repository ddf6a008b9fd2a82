import Foundation

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
