import Foundation

/// As much of JSON Schema as our schemas use; an unknown keyword is a problem, not passed over.
package struct SchemaCheck {
  private let root: [String: Any]

  /// Checks against a schema that was read already.
  package init(_ root: [String: Any]) { self.root = root }

  /// Reads a schema of the folder `TraceSchemas`.
  package init(file: String) throws {
    let value = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Checkout.url("TraceSchemas/\(file)")))
    root = value as? [String: Any] ?? [:]
  }

  /// What of `value` breaks the schema.
  package func problems(in value: Any) -> [String] { problems(value, root, "$") }

  private func problems(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    var found: [String] = []
    for (keyword, rule) in schema.sorted(by: { $0.key < $1.key }) {
      switch keyword {
      case "$schema", "$id", "title", "description", "$defs": break
      case "additionalProperties":
        let named = schema["properties"] as? [String: Any] ?? [:]
        for (name, member) in value as? [String: Any] ?? [:] where named[name] == nil {
          found += (rule as? [String: Any]).map { problems(member, $0, "\(path).\(name)") } ?? []
        }
      case "$ref":
        let name = (rule as? String ?? "").split(separator: "/").last.map(String.init) ?? ""
        let target = (root["$defs"] as? [String: Any])?[name] as? [String: Any]
        found += target.map { problems(value, $0, path) } ?? ["\(path): \(name) is not defined"]
      case "type":
        let names = rule as? [String] ?? [rule as? String ?? ""]
        if !names.contains(where: { isType(value, $0) }) { found.append("\(path): not \(names)") }
      case "const":
        if !same(value, rule) { found.append("\(path): not \(rule)") }
      case "enum":
        let isOne = (rule as? [Any] ?? []).contains { same(value, $0) }
        if !isOne { found.append("\(path): not one of \(rule)") }
      case "oneOf":
        let matches = (rule as? [[String: Any]] ?? []).count { problems(value, $0, path).isEmpty }
        if matches != 1 { found.append("\(path): \(matches) of the shapes match, not 1") }
      case "minimum":
        if number(value) ?? .infinity < number(rule) ?? 0 { found.append("\(path): too small") }
      case "maximum":
        if number(value) ?? -.infinity > number(rule) ?? 0 { found.append("\(path): too large") }
      case "minLength", "maxLength", "minItems", "maxItems":
        let count = (value as? String)?.count ?? (value as? [Any])?.count
        let limit = Int(number(rule) ?? 0)
        if let count, keyword.hasPrefix("min") ? count < limit : count > limit {
          found.append("\(path): \(keyword) is \(limit), it has \(count)")
        }
      case "pattern":
        let range = (value as? String)?.range(
          of: rule as? String ?? "", options: .regularExpression)
        if range == nil { found.append("\(path): does not match \(rule)") }
      case "required":
        for name in rule as? [String] ?? [] where (value as? [String: Any])?[name] == nil {
          found.append("\(path): \(name) is missing")
        }
      case "properties":
        let properties = rule as? [String: [String: Any]] ?? [:]
        let isOpen = schema["additionalProperties"] as? Bool ?? true
        for (name, member) in value as? [String: Any] ?? [:] {
          if let rule = properties[name] {
            found += problems(member, rule, "\(path).\(name)")
          } else if !isOpen {
            found.append("\(path): \(name) is not allowed")
          }
        }
      case "items":
        for (index, item) in (value as? [Any] ?? []).enumerated() {
          found += problems(item, rule as? [String: Any] ?? [:], "\(path)[\(index)]")
        }
      default: found.append("\(path): the keyword \(keyword) is not checked")
      }
    }
    return found
  }

  private func isType(_ value: Any, _ name: String) -> Bool {
    switch name {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": isFlag(value)
    case "integer": number(value).map { $0 == $0.rounded() } ?? false
    case "number": number(value) != nil
    default: false
    }
  }

  private func isFlag(_ value: Any) -> Bool {
    (value as? NSNumber).map { CFBooleanLike($0) } ?? false
  }

  private func number(_ value: Any) -> Double? {
    guard let number = value as? NSNumber, !CFBooleanLike(number) else { return nil }
    return number.doubleValue
  }

  private func CFBooleanLike(_ number: NSNumber) -> Bool {
    String(cString: number.objCType) == "c" || number === NSNumber(value: true)
  }

  private func same(_ left: Any, _ right: Any) -> Bool {
    (left as? NSObject)?.isEqual(right as? NSObject) ?? false
  }
}
