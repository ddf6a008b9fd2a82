/// What is wrong in a scenario's file, and where.
public struct ScenarioError: Error, Hashable, Sendable {
  /// The file's path, as given.
  public var path: String
  /// The line, from 1.
  public var line: Int
  /// A sentence that says what is wrong and what to do.
  public var message: String

  /// Creates an error, in one line: instead of control characters, which the file may hold, it has "?".
  public init(path: String, line: Int, message: String) {
    self.path = path
    self.line = line
    var shown = String.UnicodeScalarView()
    for scalar in message.unicodeScalars {
      shown.append(scalar.properties.generalCategory == .control ? "?" : scalar)
    }
    self.message = String(shown)
  }
}

extension ScenarioError: CustomStringConvertible {
  /// The place, and what is wrong there.
  public var description: String { "\(path):\(line): \(message)" }
}
