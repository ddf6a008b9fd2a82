import Operators
import Yams

/// Reads the keys of one YAML mapping by their ``FormatKey``s; every error has its line.
struct MappingReader {
  let path: String
  let line: Int
  private let what: String
  private let keys: [FormatKey]
  private var values: [String: Node] = [:]

  /// Checks that a node is a mapping of these keys, with all that are required.
  ///
  /// - Parameter what: What the mapping describes, for errors: "a deployment".
  init(
    _ node: Node, what: String, keys: [FormatKey], path: String
  ) throws(ScenarioError) {
    self.path = path
    self.what = what
    self.keys = keys
    line = node.mark?.line ?? 1
    guard let mapping = node.mapping else {
      throw ScenarioError(
        path: path, line: line, message: "\(what) is written as 'key: value' lines")
    }
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      guard keys.contains(where: { $0.name == name }) else {
        let hint = nearestName(to: name, among: keys.map(\.name)).map { "did you mean '\($0)'?" }
        throw ScenarioError(
          path: path, line: key.mark?.line ?? line,
          message: "\(what) has no key '\(name.prefix(64))'; "
            + (hint ?? "known keys are " + keys.map(\.name).joined(separator: ", ")))
      }
      values[name] = value
    }
    for key in keys where key.isRequired && values[key.name] == nil {
      throw ScenarioError(path: path, line: line, message: "\(what) needs the key '\(key.name)'")
    }
  }

  /// The line of a key's value, or of the mapping.
  func line(of name: String) -> Int { values[name]?.mark?.line ?? line }

  /// Whether the key is there.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// A whole number within the key's bounds.
  func integer(_ name: String) throws(ScenarioError) -> Int? {
    guard let node = values[name] else { return nil }
    guard let kind = kind(name), case .integer(let bounds) = kind else { return nil }
    guard let text = plain(node), let value = Int(text), bounds.contains(value) else {
      throw error(name, kind.numberRule)
    }
    return value
  }

  /// A number within the key's bounds.
  func number(_ name: String) throws(ScenarioError) -> Double? {
    guard let node = values[name] else { return nil }
    guard let kind = kind(name) else { return nil }
    guard let text = plain(node), let value = Double(text), kind.allows(value) else {
      throw error(name, kind.numberRule)
    }
    return value
  }

  /// `true` or `false`.
  func boolean(_ name: String) throws(ScenarioError) -> Bool? {
    guard let node = values[name] else { return nil }
    switch plain(node) {
    case "true": return true
    case "false": return false
    default: throw error(name, "is true or false")
    }
  }

  /// Text that is not empty, no longer than the key's bound.
  func text(_ name: String) throws(ScenarioError) -> String? {
    guard let node = values[name] else { return nil }
    guard case .text(let most) = kind(name) else { return nil }
    guard let value = node.scalar?.string, !value.isEmpty, value.unicodeScalars.count <= most
    else { throw error(name, "is text of 1 to \(most) characters") }
    // They would steer the terminal that it is printed on, and no XML may hold them.
    guard !value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else {
      throw ScenarioError(
        path: path, line: line(of: name),
        message: "'\(name)' holds a control character; leave it out")
    }
    return value
  }

  /// One of the key's choices.
  func choice(_ name: String) throws(ScenarioError) -> String? {
    guard let node = values[name] else { return nil }
    guard case .choice(let choices) = kind(name) else { return nil }
    guard let value = node.scalar?.string, choices.contains(value) else {
      throw error(name, "is one of " + choices.joined(separator: ", "))
    }
    return value
  }

  /// Whole numbers within the key's bounds, each larger than the one before.
  func ascending(_ name: String) throws(ScenarioError) -> [Int]? {
    guard let node = values[name] else { return nil }
    guard case .ascending(let bounds, let most) = kind(name) else { return nil }
    var found: [Int] = []
    for item in node.sequence ?? [] where found.count <= most {
      guard let text = plain(item), let value = Int(text), bounds.contains(value),
        value > found.last ?? .min
      else {
        throw error(
          name,
          "holds whole numbers, \(bounds.lowerBound) to \(bounds.upperBound), "
            + "each larger than the one before")
      }
      found.append(value)
    }
    guard (1...most).contains(found.count) else { throw error(name, "is a list of 1 to \(most)") }
    return found
  }

  /// A mapping of the key's own keys.
  ///
  /// - Parameter what: What it describes, for errors.
  func mapping(_ name: String, what: String) throws(ScenarioError) -> MappingReader? {
    guard let node = values[name] else { return nil }
    switch kind(name) {
    case .mapping(let keys):
      return try MappingReader(node, what: what, keys: keys, path: path)
    case .shorthand(let key, let keys):
      let whole =
        node.scalar == nil
        ? node : Node.mapping(Node.Mapping([(Node(key), node)], .implicit, .any, node.mark))
      return try MappingReader(whole, what: what, keys: keys, path: path)
    default: return nil
    }
  }

  /// A list of at least one node, no longer than the key's bound.
  func list(_ name: String) throws(ScenarioError) -> [Node] {
    guard case .list(let most) = kind(name) else { return [] }
    guard let nodes = values[name]?.sequence, (1...most).contains(nodes.count) else {
      throw error(name, "is a list of 1 to \(most)")
    }
    return Array(nodes)
  }

  /// What a key may hold.
  func kind(_ name: String) -> FormatKey.Kind? {
    keys.first { $0.name == name }?.kind
  }

  /// A key's value, as it is.
  func node(_ name: String) -> Node? { values[name] }

  /// A scalar without quotes, as numbers and booleans are written.
  func plain(_ node: Node) -> String? {
    guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else {
      return nil
    }
    return scalar.string
  }

  /// An error about a key's value.
  ///
  /// - Parameter rule: What the value has to be, after the key: "is a whole number".
  func error(_ name: String, _ rule: String) -> ScenarioError {
    let given = values[name]?.scalar.map { ", not '\($0.string.prefix(64))'" } ?? ""
    return ScenarioError(path: path, line: line(of: name), message: "'\(name)' \(rule)\(given)")
  }
}
