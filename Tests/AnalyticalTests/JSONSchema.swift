import Foundation
import TestSupport
import TraceIO

/// As much of JSON Schema as the schemas of descriptions use; an unknown keyword is a problem, not
/// passed over.
struct JSONSchema {
  private let root: JSONValue

  /// Reads a schema of the folder `TraceSchemas`.
  init(file: String) throws {
    root = try JSONValue.read(path: Checkout.path("TraceSchemas/\(file)")).value
  }

  /// What of `value` breaks the schema.
  func problems(in value: JSONValue) -> [String] { problems(value, root, "$") }

  private func problems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
    var found: [String] = []
    for member in schema.members {
      let rule = member.value
      switch member.name {
      case "$schema", "$id", "$defs", "title", "description", "default": break
      case "$ref":
        let name = rule.text?.split(separator: "/").last.map(String.init) ?? ""
        found +=
          root["$defs"]?[name].map { problems(value, $0, path) } ?? ["\(path): no rule \(name)"]
      case "type":
        if !value.isOf(rule.text) { found.append("\(path): no \(rule.text ?? "")") }
      case "enum":
        if !rule.items.contains(value) { found.append("\(path): not one of \(rule.items)") }
      case "minimum", "maximum":
        guard let number = value.double, let limit = rule.double else { continue }
        if member.name == "minimum" ? number < limit : number > limit {
          found.append("\(path): \(number) beyond \(limit)")
        }
      case "exclusiveMinimum":
        if let number = value.double, number <= rule.double ?? .nan {
          found.append("\(path): \(number) too small")
        }
      case "minLength", "maxLength", "minItems", "maxItems", "minProperties":
        guard let size = value.count(for: member.name), let limit = rule.double else { continue }
        if member.name.hasPrefix("min") ? Double(size) < limit : Double(size) > limit {
          found.append("\(path): \(size) of them")
        }
      case "uniqueItems":
        if Set(value.items).count < value.items.count { found.append("\(path): one twice") }
      case "pattern":
        guard let text = value.text, var pattern = rule.text else { continue }
        // Foundation's `$` lets a newline follow, JSON Schema's does not.
        if pattern.hasSuffix("$") { pattern = pattern.dropLast() + "\\z" }
        if text.range(of: pattern, options: .regularExpression) == nil {
          found.append("\(path): does not match")
        }
      case "required":
        for name in rule.items.compactMap(\.text) where value.isObject && value[name] == nil {
          found.append("\(path): \(name) is missing")
        }
      case "dependentRequired":
        for one in rule.members where value[one.name] != nil {
          for name in one.value.items.compactMap(\.text) where value[name] == nil {
            found.append("\(path): \(one.name) without \(name)")
          }
        }
      case "properties":
        let isOpen = schema["additionalProperties"] != .boolean(false)
        for field in value.members {
          if let other = rule[field.name] {
            found += problems(field.value, other, "\(path).\(field.name)")
          } else if !isOpen {
            found.append("\(path): \(field.name) is not allowed")
          }
        }
      case "additionalProperties": break
      case "items":
        for (index, item) in value.items.enumerated() {
          found += problems(item, rule, "\(path)[\(index)]")
        }
      default: found.append("\(path): the keyword \(member.name) is not checked")
      }
    }
    return found
  }
}

extension JSONValue {
  /// The member of that name.
  subscript(name: String) -> JSONValue? { members.last { $0.name == name }?.value }

  var members: [Member] { if case .object(let members) = self { members } else { [] } }
  var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
  var text: String? { if case .string(let text) = self { text } else { nil } }
  var isObject: Bool { if case .object = self { true } else { false } }

  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  fileprivate func count(for keyword: String) -> Int? {
    switch self {
    case .string(let text): keyword.hasSuffix("Length") ? text.unicodeScalars.count : nil
    case .array(let items): keyword.hasSuffix("Items") ? items.count : nil
    case .object(let members): keyword.hasSuffix("Properties") ? members.count : nil
    default: nil
    }
  }

  fileprivate func isOf(_ type: String?) -> Bool {
    switch (self, type) {
    case (.object, "object"), (.array, "array"), (.string, "string"), (.boolean, "boolean"),
      (.integer, "integer"), (.integer, "number"), (.number, "number"):
      true
    case (.number(let value), "integer"): value == value.rounded()
    default: false
    }
  }
}
