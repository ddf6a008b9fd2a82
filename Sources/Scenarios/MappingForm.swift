import Operators
import Yams

/// A mapping whose keys depend on the value of one of them: a pool's `kind`, what a stage is to `do`.
protocol MappingForm: CaseIterable, RawRepresentable<String> where AllCases == [Self] {
  /// The key whose value tells the form.
  static var selector: String { get }
  /// All keys of the form, the selector among them.
  var keys: [FormatKey] { get }
}

extension MappingForm {
  /// All forms, as a key may have them.
  static var formats: [FormatForm] {
    allCases.map { FormatForm(selector: selector, name: $0.rawValue, keys: $0.keys) }
  }

  /// Reads which form a mapping has, and gives the reader of its keys.
  ///
  /// - Parameters:
  ///   - what: What the mapping describes, for errors: "a stage".
  ///   - usual: The form where the mapping does not tell it; nil if it has to.
  static func read(
    _ node: Node, what: String, default usual: Self?, path: String
  ) throws(ScenarioError) -> (form: Self, reader: MappingReader) {
    let told = node.mapping?.first { $0.key.scalar?.string == selector }?.value
    guard
      let form = try told.map({ value throws(ScenarioError) in try read(value, path: path) })
        ?? usual
    else {
      throw ScenarioError(
        path: path, line: node.mark?.line ?? 1,
        message: node.mapping == nil
          ? "\(what) is written as 'key: value' lines" : "\(what) needs the key '\(selector)'")
    }
    for (key, _) in node.mapping ?? [:] {
      let name = key.scalar?.string ?? ""
      guard form.keys.named(name) == nil else { continue }
      let owners = allCases.filter { $0.keys.named(name) != nil }.map(\.rawValue)
      // What no form has is told below.
      guard !owners.isEmpty else { break }
      throw ScenarioError(
        path: path, line: key.mark?.line ?? 1,
        message: "'\(name)' belongs to '\(selector): \(owners.joined(separator: "|"))', "
          + "and this is '\(selector): \(form.rawValue)'")
    }
    return (form, try MappingReader(node, what: what, keys: form.keys, path: path))
  }

  /// Reads the form's name.
  private static func read(_ node: Node, path: String) throws(ScenarioError) -> Self {
    let name = node.scalar?.string ?? ""
    if let form = Self(rawValue: name) { return form }
    let names = allCases.map(\.rawValue)
    let hint = nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw ScenarioError(
      path: path, line: node.mark?.line ?? 1,
      message: "'\(selector)' is one of \(names.joined(separator: ", ")), not '\(name.prefix(64))'"
        + hint)
  }
}
