import Foundation
import Testing

/// Data of public projects that lies beside the package on machines that have it.
enum SharedData {
  /// The package's own folder.
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let root = package.deletingLastPathComponent().appendingPathComponent("shared/data")

  static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  static var isHere: Bool { FileManager.default.fileExists(atPath: root.path) }
}

extension Trait where Self == ConditionTrait {
  /// Skips a test where the public data is absent, and says so.
  static var needsSharedData: Self {
    .enabled(if: SharedData.isHere, "the public data is not beside the package")
  }
}
