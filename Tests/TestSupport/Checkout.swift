package import Foundation

/// The checkout that the tests belong to, found by where this file lies.
package enum Checkout {
  /// Its folder.
  package static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file of it.
  package static func url(_ relative: String) -> URL { root.appending(path: relative) }

  /// The path of a file of it.
  package static func path(_ relative: String) -> String { url(relative).path }
}
