import Scenarios
import Yams

/// Reads the keys of a sweep's file, with the line of what is wrong.
struct SweepReader {
  private let path: String
  private let root: Node.Mapping

  private static let keys: Set<String> = [
    "version", "name", "deployment", "pipeline", "log", "db", "requests", "fields", "seeds",
    "speeds",
  ]

  init(yaml: String, path: String) throws(ScenarioError) {
    self.path = path
    guard let root = try parse(yaml, what: "a sweep", path: path).mapping else {
      throw ScenarioError(path: path, line: 1, message: "a sweep is written as 'key: value' lines")
    }
    self.root = root
    for (key, _) in root {
      let name = key.scalar?.string ?? ""
      guard Self.keys.contains(name) else {
        throw ScenarioError(
          path: path, line: key.mark?.line ?? 1,
          message: "a sweep has no key '\(name.prefix(64))'; it has "
            + Self.keys.sorted().joined(separator: ", "))
      }
    }
  }

  /// An error at a key, or at the top where it is not given.
  func error(_ key: String, _ message: String) -> ScenarioError {
    ScenarioError(path: path, line: root[key]?.mark?.line ?? 1, message: message)
  }

  /// A text that is not empty; nil where the key is not given.
  func text(_ key: String) throws(ScenarioError) -> String? {
    guard let node = root[key] else { return nil }
    guard let text = node.scalar?.string, !text.isEmpty else {
      throw error(key, "'\(key)' must be a text")
    }
    return text
  }

  /// A value or a list of different ones; nil where the key is not given.
  func list<Value: Hashable>(
    _ key: String, of what: String, _ value: (String) -> Value?
  ) throws(ScenarioError) -> [Value]? {
    guard let node = root[key] else { return nil }
    var values: [Value] = []
    for node in try nodes(key, node) {
      guard let text = node.scalar?.string, let value = value(text) else {
        throw ScenarioError(
          path: path, line: node.mark?.line ?? 1, message: "'\(key)' takes \(what)")
      }
      guard !values.contains(value) else {
        throw ScenarioError(
          path: path, line: node.mark?.line ?? 1, message: "'\(key)' has \(text) twice")
      }
      values.append(value)
    }
    return values
  }

  /// The fields in the order of the file.
  func fields() throws(ScenarioError) -> [SweepDescription.Field] {
    guard let node = root["fields"] else { return [] }
    guard let mapping = node.mapping else {
      throw error("fields", "'fields' are written as 'path: [values]' lines")
    }
    var fields: [SweepDescription.Field] = []
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      fields.append(
        SweepDescription.Field(
          path: name, values: try nodes(name, value), line: key.mark?.line ?? 1))
    }
    return fields
  }

  private func nodes(_ key: String, _ node: Node) throws(ScenarioError) -> [Node] {
    let nodes = node.sequence.map(Array.init) ?? [node]
    guard !nodes.isEmpty else {
      throw ScenarioError(
        path: path, line: node.mark?.line ?? 1, message: "'\(key)' needs at least one value")
    }
    return nodes
  }
}
