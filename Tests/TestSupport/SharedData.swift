package import Foundation
package import Testing

/// Data of public projects, which lies beside some checkouts and is no part of any.
package enum SharedData {
  private static let root = Checkout.root.deletingLastPathComponent()
    .appending(path: "shared/data")

  /// Whether it is there.
  package static let isPresent = FileManager.default.fileExists(atPath: root.path)

  /// A file of it.
  package static func url(_ relative: String) -> URL { root.appending(path: relative) }

  /// The path of a file of it.
  package static func path(_ relative: String) -> String { url(relative).path }
}

extension Trait where Self == ConditionTrait {
  /// Skips what reads ``SharedData`` where there is none, and says so.
  package static var needsSharedData: Self {
    .enabled(if: SharedData.isPresent, "needs ../shared/data")
  }
}
