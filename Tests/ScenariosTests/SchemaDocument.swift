import Foundation
import TestSupport
import Testing

@testable import Scenarios

/// A written contract of `TraceSchemas`, to hold a reader's keys and bounds to.
struct SchemaDocument {
  typealias Object = [String: Any]

  let root: Object

  /// Reads a file of `TraceSchemas`.
  init(_ file: String) throws {
    let data = try Data(contentsOf: Checkout.url("TraceSchemas/\(file)"))
    root = try #require(try JSONSerialization.jsonObject(with: data) as? Object)
  }

  /// A schema of `$defs`.
  func definition(_ name: String) throws -> Object {
    try #require((root["$defs"] as? Object)?[name] as? Object, "\(name)")
  }

  /// A property of a schema of `$defs`.
  func property(_ name: String, of definition: String) throws -> Object {
    let properties = try #require(try self.definition(definition)["properties"] as? Object)
    return try resolved(try #require(properties[name] as? Object, "\(name)"))
  }

  /// What a schema says, with what it refers to, in this file or another of the folder.
  func resolved(_ object: Object) throws -> Object { try located(object).object }

  /// The same, with the document that its own references are in.
  private func located(_ object: Object) throws -> (document: SchemaDocument, object: Object) {
    guard let reference = object["$ref"] as? String else { return (self, object) }
    let parts = reference.split(separator: "#", omittingEmptySubsequences: false)
    let document = parts[0].isEmpty ? self : try SchemaDocument(String(parts[0]))
    var found = document.root
    for step in parts[1].split(separator: "/") {
      found = try #require(found[String(step)] as? Object, "\(reference)")
    }
    let (owner, whole) = try document.located(found)
    return (owner, whole.merging(object.filter { $0.key != "$ref" }) { $1 })
  }

  /// Expects an object to have the same keys, requirements and bounds.
  func check(_ reference: Object, _ keys: [FormatKey], alsoRequired: Set<String> = []) throws {
    let object = try resolved(reference)
    #expect(object["type"] as? String == "object")
    #expect(object["additionalProperties"] as? Bool == false)
    let required = try #require(object["required"] as? [String])
    #expect(Set(required) == Set(keys.filter(\.isRequired).map(\.name)).union(alsoRequired))
    let properties = try #require(object["properties"] as? [String: Object])
    #expect(Set(properties.keys) == Set(keys.map(\.name)))
    for key in keys {
      let (document, property) = try located(try #require(properties[key.name]))
      #expect(property["description"] is String, "\(key.name)")
      try document.check(property, key)
    }
  }

  private func check(_ property: Object, _ key: FormatKey) throws {
    let type = property["type"] as? String
    let comment = Comment(rawValue: key.name)
    switch key.kind {
    case .text(let most):
      #expect(type == "string", comment)
      #expect(property["minLength"] as? Int == 1, comment)
      #expect(property["maxLength"] as? Int == most, comment)
    case .integer(let bounds):
      #expect(type == "integer", comment)
      #expect(property["minimum"] as? Int == bounds.lowerBound, comment)
      #expect(property["maximum"] as? Int == bounds.upperBound, comment)
    case .number(let above, let through):
      #expect(type == "number", comment)
      #expect(property["exclusiveMinimum"] as? Double == above, comment)
      #expect(property["maximum"] as? Double == through, comment)
    case .amount(let bounds):
      #expect(type == "number", comment)
      #expect(property["minimum"] as? Double == bounds.lowerBound, comment)
      #expect(property["maximum"] as? Double == bounds.upperBound, comment)
    case .boolean:
      #expect(type == "boolean", comment)
    case .choice(let choices):
      #expect(type == "string", comment)
      #expect(property["enum"] as? [String] == choices, comment)
    case .ascending(let bounds, let most), .integers(let bounds, let most):
      let items = try list(property, 1...most, comment)
      #expect(items["type"] as? String == "integer", comment)
      #expect(items["minimum"] as? Int == bounds.lowerBound, comment)
      #expect(items["maximum"] as? Int == bounds.upperBound, comment)
    case .numbers(let bounds, let counts):
      let items = try list(property, counts, comment)
      #expect(items["type"] as? String == "number", comment)
      #expect(items["minimum"] as? Double == bounds.lowerBound, comment)
      #expect(items["maximum"] as? Double == bounds.upperBound, comment)
    case .names(let most):
      #expect(type == "array", comment)
      #expect(property["maxItems"] as? Int == most, comment)
      #expect(property["uniqueItems"] as? Bool == true, comment)
    case .choices(let kind, let most):
      let forms = try #require(property["anyOf"] as? [Object], comment)
      try #require(forms.count == 2)
      try check(try resolved(forms[0]), FormatKey(name: key.name, kind: kind))
      let items = try list(forms[1], 1...most, comment)
      #expect(forms[1]["uniqueItems"] as? Bool == true, comment)
      try check(try resolved(items), FormatKey(name: key.name, kind: kind))
    case .mapping(let keys):
      try check(property, keys)
    case .shorthand(let key, let keys):
      let forms = try #require(property["oneOf"] as? [Object])
      try #require(forms.count == 2)
      try check(try resolved(forms[0]), try #require(keys.named(key)))
      try check(forms[1], keys)
    case .mappings(let keys, let most):
      try check(try list(property, 1...most, comment), keys)
    case .forms(let forms, let number):
      try check(property, forms, number, comment)
    case .list(let most):
      _ = try list(property, 1...most, comment)
    }
  }

  /// Expects a schema for each form, once, and before them that of a number alone.
  private func check(
    _ property: Object, _ forms: [FormatForm], _ number: FormatKey?, _ comment: Comment
  ) throws {
    var options = try #require(property["oneOf"] as? [Object], comment)
    if let number { try check(try resolved(options.removeFirst()), number) }
    var found: [String] = []
    for option in options {
      let properties = try #require(option["properties"] as? [String: Object], comment)
      let selector = try #require(forms.first, comment).selector
      let names = try #require(properties[selector]?["enum"] as? [String], comment)
      for name in names {
        let form = try #require(forms.first { $0.name == name }, "\(name)")
        let keys = form.keys.map { key in
          key.name != selector
            ? key : FormatKey(name: selector, kind: .choice(names), isRequired: key.isRequired)
        }
        try check(option, keys)
      }
      found += names
    }
    #expect(found.sorted() == forms.map(\.name).sorted(), comment)
  }

  /// Expects a list of so many, and gives what its items are.
  private func list(
    _ property: Object, _ counts: ClosedRange<Int>, _ comment: Comment
  ) throws -> Object {
    #expect(property["type"] as? String == "array", comment)
    #expect(property["minItems"] as? Int == counts.lowerBound, comment)
    #expect(property["maxItems"] as? Int == counts.upperBound, comment)
    return try #require(property["items"] as? Object, comment)
  }
}
