import Foundation
import Operators
import Testing

@testable import Scenarios

/// Holds the reader's keys and bounds, and the written contract, to each other.
@Suite struct DeploymentSchemaTests {
  let schema: [String: Any]

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = try Data(contentsOf: root.appending(path: "TraceSchemas/deployment.schema.json"))
    schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  func check(_ object: [String: Any], _ keys: [FormatKey]) throws {
    #expect(object["additionalProperties"] as? Bool == false)
    let required = try #require(object["required"] as? [String])
    #expect(Set(required) == Set(keys.filter(\.isRequired).map(\.name)))
    let properties = try #require(object["properties"] as? [String: [String: Any]])
    #expect(Set(properties.keys) == Set(keys.map(\.name)))
    for key in keys {
      let property = try #require(properties[key.name])
      #expect(property["description"] is String)
      let type = property["type"] as? String
      switch key.kind {
      case .text(let most):
        #expect(type == "string")
        #expect(property["minLength"] as? Int == 1)
        #expect(property["maxLength"] as? Int == most)
      case .integer(let bounds):
        #expect(type == "integer")
        #expect(property["minimum"] as? Int == bounds.lowerBound)
        #expect(property["maximum"] as? Int == bounds.upperBound)
      case .number(let above, let through):
        #expect(type == "number")
        #expect(property["exclusiveMinimum"] as? Double == above)
        #expect(property["maximum"] as? Double == through)
      case .boolean:
        #expect(type == "boolean")
      case .choice(let choices):
        #expect(type == "string")
        #expect(property["enum"] as? [String] == choices)
      case .ascending(let bounds, let most):
        #expect(type == "array")
        let items = try #require(property["items"] as? [String: Any])
        #expect(items["minimum"] as? Int == bounds.lowerBound)
        #expect(items["maximum"] as? Int == bounds.upperBound)
        #expect(property["minItems"] as? Int == 1)
        #expect(property["maxItems"] as? Int == most)
      case .mapping(let keys):
        #expect(type == "object")
        try check(property, keys)
      case .list(let most):
        #expect(type == "array")
        #expect(property["minItems"] as? Int == 1)
        #expect(property["maxItems"] as? Int == most)
      }
    }
  }

  @Test("The schema and the reader know the same keys, requirements and bounds")
  func keys() throws {
    try check(schema, DeploymentFormat.keys)
    let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    try check(try #require(definitions["engine_group"]), DeploymentFormat.engineKeys)
  }

  @Test("The schema's defaults are the reader's")
  func defaults() throws {
    let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    let properties = try #require(
      definitions["engine_group"]?["properties"] as? [String: [String: Any]])
    let group = EngineGroup(name: "a", device: "b", maxModelLength: 2)
    #expect(properties["count"]?["default"] as? Int == group.count)
    #expect(properties["tensor_parallel"]?["default"] as? Int == group.tensorParallel)
    #expect(properties["data_type"]?["default"] as? String == group.dataType.rawValue)
    #expect(properties["max_num_seqs"]?["default"] as? Int == group.maxSequences)
    #expect(properties["max_num_batched_tokens"]?["default"] as? Int == group.maxBatchedTokens)
    #expect(properties["block_size"]?["default"] as? Int == group.blockSize)
    #expect(properties["memory_utilization"]?["default"] as? Double == group.memoryUtilization)
    #expect(properties["enable_prefix_caching"]?["default"] as? Bool == group.enablesPrefixCaching)
    #expect(
      properties["enable_chunked_prefill"]?["default"] as? Bool == group.enablesChunkedPrefill)
    #expect(
      properties["long_prefill_token_threshold"]?["default"] as? Int
        == group.longPrefillTokenThreshold)
    #expect(
      properties["full_sequence_admission"]?["default"] as? Bool == group.fullSequenceAdmission)
    #expect(properties["async_scheduling"]?["default"] as? Bool == group.asyncScheduling)
    #expect(properties["policy"]?["default"] as? String == group.policy.rawValue)
    #expect(properties["scheduling_policy"]?["default"] as? String == group.queueOrder.rawValue)
    #expect(properties["pipeline_parallel"]?["default"] as? Int == group.pipelineParallel)
    #expect(properties["data_parallel_lockstep"]?["default"] as? Bool == group.lockstep)
    #expect(properties["role"]?["default"] as? String == group.role.rawValue)
    let whole = try #require(schema["properties"] as? [String: [String: Any]])
    let deployment = Deployment(model: "m", engines: [group])
    #expect(whole["routing"]?["default"] as? String == deployment.routing.rawValue)
    #expect(whole["decode_pool"]?["default"] as? String == deployment.decodePool.rawValue)
    let transfer = whole["transfer"]?["properties"] as? [String: [String: Any]]
    #expect(
      transfer?["mode"]?["default"] as? String == KeyValueTransfer(bandwidth: 1).mode.rawValue)
  }
}
