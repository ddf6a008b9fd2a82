import Operators
import TraceIO

/// One object of a mapping file; every error says which member, by its path.
struct MappingObject {
  private let path: String
  private let place: String
  private var values: [String: JSONValue] = [:]
  private let members: [MappingMember]

  /// Checks that a value is an object of these members, with all that are required.
  init(
    _ value: JSONValue, _ definition: String, at place: String, path: String
  ) throws(ProfilerTraceError) {
    self.path = path
    self.place = place
    members = TableMappingFormat.objects[definition] ?? []
    guard case .object(let given) = value else {
      throw Self.error(path, place, "must be an object")
    }
    for member in given {
      let inner = Self.join(place, member.name)
      guard members.contains(where: { $0.name == member.name }) else {
        let hint = nearestName(to: member.name, among: members.map(\.name))
        throw Self.error(
          path, inner,
          "is not known; "
            + (hint.map { "did you mean '\($0)'?" }
              ?? "known are " + members.map(\.name).joined(separator: ", ")))
      }
      guard values.updateValue(member.value, forKey: member.name) == nil else {
        throw Self.error(path, inner, "is given twice")
      }
    }
    for member in members where member.isRequired && values[member.name] == nil {
      throw Self.error(path, Self.join(place, member.name), "is missing")
    }
  }

  /// The path of a member in the file.
  func place(of name: String) -> String { Self.join(place, name) }

  /// Whether the member is there.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// An error about a member.
  func error(_ name: String, _ problem: String) -> ProfilerTraceError {
    Self.error(path, place(of: name), problem)
  }

  /// A member's value, whatever it is.
  subscript(name: String) -> JSONValue? { values[name] }

  /// A member's text, or nil where it is not there.
  func text(_ name: String) throws(ProfilerTraceError) -> String? {
    guard let value = values[name] else { return nil }
    let text = try Self.text(value, at: place(of: name), path: path)
    if case .choice(let choices) = kind(name), !choices.contains(text) {
      throw error(name, "must be one of " + choices.joined(separator: ", "))
    }
    return text
  }

  /// A member's whole number within its bounds, or nil where it is not there.
  func integer(_ name: String) throws(ProfilerTraceError) -> Int? {
    guard let value = values[name] else { return nil }
    guard case .integer(let bounds) = kind(name), case .integer(let number) = value,
      let number = Int(exactly: number), bounds.contains(number)
    else { throw error(name, "must be \(Self.range(kind(name)))") }
    return number
  }

  /// A member's list, or nil where it is not there.
  func list(_ name: String) throws(ProfilerTraceError) -> [JSONValue]? {
    guard let value = values[name] else { return nil }
    let most =
      switch kind(name) {
      case .list(_, let most), .texts(let most): most
      default: 0
      }
    guard case .array(let items) = value, (1...max(1, most)).contains(items.count) else {
      throw error(name, "must be a list of 1 to \(most)")
    }
    return items
  }

  /// A member's list of texts, or nil where it is not there.
  func texts(_ name: String) throws(ProfilerTraceError) -> [String]? {
    guard let items = try list(name) else { return nil }
    var texts: [String] = []
    for (index, item) in items.enumerated() {
      texts.append(try Self.text(item, at: "\(place(of: name))[\(index)]", path: path))
    }
    return texts
  }

  /// A text of 1 to ``TableMappingFormat/longestText`` characters.
  static func text(
    _ value: JSONValue, at place: String, path: String
  ) throws(ProfilerTraceError) -> String {
    let most = TableMappingFormat.longestText
    guard case .string(let text) = value, !text.isEmpty, text.unicodeScalars.count <= most else {
      throw error(path, place, "must be text of 1 to \(most) characters")
    }
    return text
  }

  /// An error about the place of a member.
  static func error(_ path: String, _ place: String, _ problem: String) -> ProfilerTraceError {
    .badMapping(path: path, member: place.isEmpty ? "the mapping" : place, problem: problem)
  }

  /// The path of a member within a place; a long or odd name is cut.
  static func join(_ place: String, _ name: String) -> String {
    let name = String(name.prefix(64).map { $0.isNewline ? " " : $0 })
    return place.isEmpty ? name : "\(place).\(name)"
  }

  private func kind(_ name: String) -> MappingMember.Kind? {
    members.first { $0.name == name }?.kind
  }

  private static func range(_ kind: MappingMember.Kind?) -> String {
    guard case .integer(let bounds) = kind else { return "a whole number" }
    return bounds.count == 1
      ? "\(bounds.lowerBound)"
      : "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
  }
}
