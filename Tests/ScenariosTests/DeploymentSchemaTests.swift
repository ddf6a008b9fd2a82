import Operators
import Testing

@testable import Scenarios

/// Holds the reader's keys and bounds, and the written contract, to each other.
@Suite struct DeploymentSchemaTests {
  let document: SchemaDocument
  var schema: [String: Any] { document.root }

  init() throws { document = try SchemaDocument("deployment.schema.json") }

  @Test("The schema and the reader know the same keys, requirements and bounds")
  func keys() throws {
    try document.check(schema, DeploymentFormat.keys)
    try document.check(try document.definition("engine_group"), DeploymentFormat.engineKeys)
  }

  @Test("The schema's defaults are the reader's")
  func defaults() throws {
    let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    let properties = try #require(
      definitions["engine_group"]?["properties"] as? [String: [String: Any]])
    let group = EngineGroup(name: "a", device: "b", maxModelLength: 2)
    #expect(properties["count"]?["default"] as? Int == group.count)
    #expect(properties["tensor_parallel"]?["default"] as? Int == group.tensorParallel)
    #expect(properties["expert_parallel"]?["default"] as? Int == group.expertParallel)
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
