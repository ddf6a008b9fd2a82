import Foundation
import TestSupport
import Testing

@testable import ProfilerTraces

/// Holds the reader's members and bounds, and the written contract, to each other.
@Suite struct TableMappingSchemaTests {
  let definitions: [String: [String: Any]]

  init() throws {
    let data = try Data(contentsOf: Checkout.url("TraceSchemas/table-mapping.schema.json"))
    let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    definitions = try #require(schema["$defs"] as? [String: [String: Any]])
  }

  @Test(arguments: TableMappingFormat.objects.keys.sorted())
  func `The schema and the reader know the same members, requirements and bounds`(
    name: String
  ) throws {
    let object = try #require(definitions[name])
    let members = try #require(TableMappingFormat.objects[name])
    #expect(object["additionalProperties"] as? Bool == false)
    let required = object["required"] as? [String] ?? []
    #expect(Set(required) == Set(members.filter(\.isRequired).map(\.name)))
    let properties = try #require(object["properties"] as? [String: [String: Any]])
    #expect(Set(properties.keys) == Set(members.map(\.name)))
    for member in members {
      let property = try #require(properties[member.name])
      #expect(property["description"] is String)
      let type = property["type"] as? String
      let items = property["items"] as? [String: Any]
      switch member.kind {
      case .text:
        #expect(isText(property))
      case .choice(let choices):
        #expect(type == "string" && property["enum"] as? [String] == choices)
      case .integer(let bounds):
        #expect(type == "integer")
        #expect(property["minimum"] as? Int == bounds.lowerBound)
        #expect(property["maximum"] as? Int == bounds.upperBound)
      case .texts(let most):
        #expect(type == "array" && isList(property, most) && isText(items ?? [:]))
      case .list(let definition, let most):
        #expect(type == "array" && isList(property, most))
        #expect(items?["$ref"] as? String == "#/$defs/\(definition)")
      case .defined(let definition):
        #expect(property["$ref"] as? String == "#/$defs/\(definition)")
        #expect(definitions[definition] != nil)
      }
    }
  }

  @Test func `the bounds of names and sizes are the reader's`() throws {
    for name in ["values", "sizes"] {
      #expect(definitions[name]?["maxProperties"] as? Int == TableMappingFormat.mostNames)
    }
    let sizes = try #require(definitions["size"]?["oneOf"] as? [[String: Any]])
    #expect(sizes[0]["minimum"] as? Int == TableMappingFormat.sizes.lowerBound)
    #expect(sizes[0]["maximum"] as? Int == TableMappingFormat.sizes.upperBound)
    #expect(isText(sizes[1]))
    #expect(sizes[2]["$ref"] as? String == "#/$defs/column_size")
    let texts = try #require(definitions["text"]?["oneOf"] as? [[String: Any]])
    #expect(isText(texts[0]))
    #expect(texts[1]["$ref"] as? String == "#/$defs/column_text")
  }

  private func isText(_ schema: [String: Any]) -> Bool {
    schema["type"] as? String == "string" && schema["minLength"] as? Int == 1
      && schema["maxLength"] as? Int == TableMappingFormat.longestText
  }

  private func isList(_ schema: [String: Any], _ most: Int) -> Bool {
    schema["minItems"] as? Int == 1 && schema["maxItems"] as? Int == most
  }
}
