import Operators
import Testing

@testable import Scenarios

@Suite struct DeploymentYamlTests {
  @Test("What is written as text is read back", arguments: 0..<40 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = RandomStream(seed: seed, name: "yaml")
    func flag() -> Bool { random.next() % 2 == 0 }
    func number(_ most: UInt64) -> Int { 1 + Int(random.next() % most) }
    var engines: [EngineGroup] = []
    let isSplit = flag()
    for role in isSplit ? [EngineRole.prefill, .decode] : [.both] {
      var group = EngineGroup(
        name: "a \"\(role.rawValue)\" \\ group", count: number(4), device: "mine.json#a: b",
        tensorParallel: number(8), dataType: flag() ? .bfloat16 : .float8,
        runtime: flag() ? "a \"toy\" 1" : nil,
        maxSequences: number(500), maxBatchedTokens: 5000 + number(500),
        maxModelLength: 1 + number(4000),
        blockSize: number(64), blockCount: flag() ? 1 + number(9000) : nil,
        enablesPrefixCaching: flag(), enablesChunkedPrefill: flag(),
        longPrefillTokenThreshold: flag() ? 0 : number(99), fullSequenceAdmission: flag(),
        graphSizes: flag() ? [1, 2, 8] : [], role: role)
      if group.blockCount == nil { group.memoryUtilization = 0.85 }
      if !isSplit, flag() {
        group.speculation = SpeculativeDecoding(tokens: 3, acceptance: 0.7, cost: 0.1)
        group.queueOrder = .priority
        group.asyncScheduling = flag()
      } else if !isSplit, flag() {
        group.policy = .sarathi
        group.lockstep = true
        group.expertParallel = flag() ? 1 : group.count * group.tensorParallel
      } else if !isSplit {
        group.pipelineParallel = number(4)
      }
      engines.append(group)
    }
    var deployment = Deployment(
      model: "dir/config.json", engines: engines, routing: flag() ? .leastLoaded : .roundRobin)
    if isSplit {
      deployment.decodePool = .local
      deployment.conversionQueue = flag() ? 7 : nil
      deployment.transfer = KeyValueTransfer(
        bandwidth: 12.5, latency: flag() ? 0 : 10.5, mode: .layerwise)
    }
    #expect(try Deployment(yaml: deployment.yaml, path: "d.yaml") == deployment)
  }
}
