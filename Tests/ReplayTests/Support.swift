import CostModel
import Operators
import RequestLogs
import Scenarios

@testable import Replay

/// A price in which every field of a shape counts, so that a wrong one is seen in time.
struct TellingPrice: StepPricing {
  func price(_ shape: StepShape) -> StepPrice {
    var price = StepPrice(hostTime: 5)
    price[.measured] = 100 + Double(shape.prefillSequences) + 3 * Double(shape.prefillTokens)
    price[.interpolated] = Double(shape.prefillPairs) / 64 + Double(shape.prefillContext) / 16
    price[.analytical] =
      7 * Double(shape.decodeSequences) + Double(shape.decodeContext) / 8
      + Double(shape.longestDecodeContext) / 4 + 11 * Double(shape.sampledSequences)
    return price
  }
}

/// A deployment of one group.
func makeDeployment(
  count: Int = 1, sequences: Int = 8, budget: Int = 64, length: Int = 4096, block: Int = 4,
  blocks: Int = 101, routing: Routing = .roundRobin,
  _ change: (inout EngineGroup) -> Void = { _ in }
) -> Deployment {
  var group = EngineGroup(
    name: "engines", count: count, device: "none", maxSequences: sequences,
    maxBatchedTokens: budget, maxModelLength: length, blockSize: block, blockCount: blocks)
  change(&group)
  return Deployment(model: "none", engines: [group], routing: routing)
}

/// A request without content.
func request(
  _ arrival: Int64, input: Int, output: Int, content: [UInt64] = [], tokensPerName: Int = 1
) -> RequestRecord {
  RequestRecord(
    id: "", arrival: Nanoseconds(arrival), inputTokens: input, outputTokens: output,
    content: content, tokensPerContentName: tokensPerName)
}

/// A random case: an engine with tight limits, and requests that share beginnings.
struct RandomCase {
  var deployment: Deployment
  var records: [RequestRecord] = []

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let block = [1, 2, 3, 4, 16].randomElement(using: &random) ?? 1
    let budget = Int.random(in: 3...60, using: &random)
    let chunked = Int.random(in: 0..<5, using: &random) > 0
    deployment = makeDeployment(
      sequences: Int.random(in: 1...10, using: &random), budget: chunked ? budget : 90,
      length: 80, block: block, blocks: 2 + Int.random(in: 20...160, using: &random) / block
    ) {
      $0.enablesChunkedPrefill = chunked
      $0.enablesPrefixCaching = Int.random(in: 0..<4, using: &random) > 0
      $0.fullSequenceAdmission = Bool.random(using: &random)
      $0.asyncScheduling = Bool.random(using: &random)
      $0.longPrefillTokenThreshold =
        Bool.random(using: &random) ? 0 : Int.random(in: 1...20, using: &random)
    }
    let perName = [1, 1, 2, 5, 8].randomElement(using: &random) ?? 1
    let pace = [0, 20, 200, 2000].randomElement(using: &random) ?? 0
    var clock: Int64 = 0
    for _ in 0..<Int.random(in: 1...40, using: &random) {
      clock += Int64.random(in: 0...Int64(pace), using: &random)
      let input = Int.random(in: 0...50, using: &random)
      let output = Int.random(in: 0...40, using: &random)
      // Few names, so that beginnings are shared; sometimes not all of the prompt is named, and
      // sometimes even what is generated.
      let reach = Int.random(in: 0..<3, using: &random) == 0 ? input + output : input
      let named = Int.random(in: 0...(reach + perName) / perName, using: &random)
      var content: [UInt64] = []
      for _ in 0..<named { content.append(UInt64.random(in: 0...9, using: &random) / 7) }
      records.append(
        request(
          clock, input: input, output: output, content: content,
          tokensPerName: perName))
    }
  }
}

extension RandomCase {
  /// What a random case may have besides.
  enum Feature: String, CaseIterable {
    case priorities, pipeline, drafts, all
  }

  /// A random case with requests of different priorities, several stages, drafts, or all of them.
  init(seed: UInt64, with feature: Feature) {
    self.init(seed: seed)
    var random = SplitMix64(seed: seed ^ 0x5bd1_e995)
    let priorities = feature == .priorities || feature == .all
    let stages = feature == .pipeline || feature == .all ? Int.random(in: 2...4, using: &random) : 1
    let drafts = feature == .drafts || feature == .all
    let tokens = Int.random(in: 1...5, using: &random)
    let acceptance = ([0.1, 0.5, 0.9, 1] as [Double]).randomElement(using: &random) ?? 1
    for index in records.indices { records[index].priority = Int.random(in: 0...2, using: &random) }
    change {
      if priorities { $0.queueOrder = .priority }
      $0.pipelineParallel = stages
      if stages > 1 { $0.asyncScheduling = false }
      if drafts {
        $0.speculation = SpeculativeDecoding(
          tokens: tokens, acceptance: acceptance, cost: 0.25, microseconds: 0.003)
      }
    }
  }

  /// A random case of another policy.
  init(seed: UInt64, policy: SchedulingPolicy) {
    self.init(seed: seed)
    var random = SplitMix64(seed: seed ^ 0x1234_5678)
    let larger = Int.random(in: 1...6, using: &random)
    change {
      $0.policy = policy
      $0.asyncScheduling = false
      $0.blockCount = ($0.blockCount ?? 2) * larger
      if policy.computesWholePrompts { $0.maxBatchedTokens = 90 }
    }
  }

  private mutating func change(_ change: (inout EngineGroup) -> Void) {
    change(&deployment.engines[0])
  }
}
