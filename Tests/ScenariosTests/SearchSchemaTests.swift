import Testing

@testable import Scenarios

/// Holds the reader's keys and bounds, and the written contract, to each other.
@Suite struct SearchSchemaTests {
  @Test("The schema and the reader know the same keys, requirements, bounds and defaults")
  func keys() throws {
    let document = try SchemaDocument("search.schema.json")
    try document.check(document.root, SearchFormat.keys)
    let properties = try #require(document.root["properties"] as? [String: SchemaDocument.Object])
    let space = SearchSpace(
      name: "", model: "", devices: [], engines: [],
      objectives: LatencyObjectives(timeToFirstToken: 1, timePerOutputToken: 1))
    #expect(properties["objective"]?["default"] as? String == space.objective.rawValue)
    #expect(properties["mix_devices"]?["default"] as? Bool == space.mixesDevices)
    #expect([properties["replicas"]?["default"] as? Int] == space.replicas)
    #expect([properties["routing"]?["default"] as? String] == space.routings.map(\.rawValue))
  }
}
