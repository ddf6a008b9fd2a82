/// What is wrong in a scenario's file, and where.
public struct ScenarioError: Error, Hashable, Sendable {
  /// The file's path, as given.
  public var path: String
  /// The line, from 1.
  public var line: Int
  /// A sentence that says what is wrong and what to do.
  public var message: String

  /// Creates an error.
  public init(path: String, line: Int, message: String) {
    self.path = path
    self.line = line
    self.message = message
  }
}

extension ScenarioError: CustomStringConvertible {
  /// The place, and what is wrong there.
  public var description: String { "\(path):\(line): \(message)" }
}
