package import Foundation

/// A folder for what a test writes. It is removed when its owner lets it go, also where the test fails.
package final class TemporaryDirectory: Sendable {
  /// Where it is.
  package let url: URL

  /// Makes an empty folder that no other test uses.
  package init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "reprise-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Its path.
  package var path: String { url.path }

  /// The path of a file in it, which need not be there.
  package func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a text, with the folders on the way to it, and gives its path.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Writes bytes that need not be text, with the folders on the way to them, and gives their path.
  @discardableResult
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }
}

/// Runs `body` with the path of a file, not there yet, in a folder of its own.
package func withTemporaryPath<Result, Failure: Error>(
  _ name: String, _ body: (String) throws(Failure) -> Result
) throws -> Result {
  let folder = try TemporaryDirectory()
  return try withExtendedLifetime(folder) { try body(folder.path(name)) }
}
