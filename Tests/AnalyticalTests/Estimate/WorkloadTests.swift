import Operators
import Testing

@testable import Analytical

@Suite struct WorkloadTests {
  private func workload(_ change: (inout Workload) -> Void) -> Workload {
    var workload = Workload(batch: 3, inputTokens: 100, outputTokens: 10)
    change(&workload)
    return workload
  }

  @Test func `Chunked or whole, the steps compute every token and pair of the prompts once`() {
    var random = SplitMix64(seed: 2)
    for _ in 0..<500 {
      let input = Int.random(in: 1...60, using: &random)
      let cached = Int.random(in: 0..<input, using: &random)
      let sequences = Int.random(in: 1...5, using: &random)
      let workload = workload {
        $0.inputTokens = input
        $0.cachedTokens = cached
        $0.chunk = Bool.random(using: &random) ? Int.random(in: 1...200, using: &random) : nil
      }
      let steps = workload.prefillSteps(sequences)
      var pairs = 0
      for query in cached..<input { pairs += query + 1 }
      #expect(steps.reduce(0) { $0 + $1.prefillTokens } == sequences * (input - cached))
      #expect(steps.reduce(0) { $0 + $1.prefillPairs } == sequences * pairs)
      #expect(steps.allSatisfy { $0.sampledSequences == $0.prefillSequences })
      #expect(steps.allSatisfy { $0.prefillTokens > 0 && $0.decodeSequences == 0 })
      guard let chunk = workload.chunk else {
        #expect(steps.count == 1 && steps[0].prefillContext == sequences * input)
        continue
      }
      #expect(steps.allSatisfy { $0.prefillTokens <= chunk })
      // No more steps than chunks that hold a part of one prompt, or whole prompts.
      let fewest = (sequences * (input - cached) + chunk - 1) / chunk
      #expect(steps.count >= fewest && steps.count <= 2 * fewest + sequences)
    }
  }

  @Test func `Chunks of a prompt read what came before`() {
    let steps = workload {
      $0.cachedTokens = 30
      $0.chunk = 32
    }.prefillSteps(2)
    #expect(steps.map(\.prefillTokens) == [32, 32, 6, 32, 32, 6])
    #expect(steps.map(\.prefillContext) == [62, 94, 100, 62, 94, 100])
    #expect(steps.map(\.sampledSequences) == [1, 1, 1, 1, 1, 1])
    let several = workload { $0.chunk = 250 }.prefillSteps(5)
    #expect(several.map(\.prefillSequences) == [2, 2, 1])
    #expect(several.map(\.sampledSequences) == [2, 2, 1])
  }

  @Test func `Decodes beside the prompts are in each of their steps`() {
    let workload = workload {
      $0.decodesBeside = 7
      $0.chunk = 50
    }
    for step in workload.prefillSteps(1) {
      #expect(step.decodeSequences == 7 && step.decodeContext == 7 * 105)
      #expect(step.longestDecodeContext == 105)
    }
    #expect(workload.prefillSteps(1).map(\.sampledSequences) == [8, 8])
  }

  @Test func `Every beam decodes a token of its own`() {
    let step = workload { $0.beams = 4 }.decodeStep(3, generated: 5)
    var wanted = StepShape()
    for _ in 0..<12 { wanted.addDecode(context: 105) }
    #expect(step == wanted)
  }

  @Test func `A size that makes no sense is named`() {
    let fields: [(WritableKeyPath<Workload, Int>, [Int], String)] = [
      (\.batch, [0, -1, .min, .max, 1 << 25], "batch"),
      (\.inputTokens, [0, -1, .min, .max], "input tokens"),
      (\.outputTokens, [0, -1, .min, .max], "output tokens"),
      (\.beams, [0, -1, .min, .max], "beams"),
      (\.cachedTokens, [100, -1, .min, .max], "cached tokens"),
      (\.sharedTokens, [101, -1, .min, .max], "shared tokens"),
      (\.decodesBeside, [-1, .min, .max], "decodes beside"),
    ]
    #expect(workload { _ in }.fault == nil)
    for (path, sizes, name) in fields {
      for size in sizes {
        let fault = workload { $0[keyPath: path] = size }.fault
        #expect(fault?.hasPrefix(name) == true, "\(size): \(fault ?? "accepted")")
      }
    }
  }

  @Test(arguments: [0, -1, Int.min, Int.max, 1 << 25]) func `A chunk is a number of tokens`(
    chunk: Int
  ) {
    #expect(workload { $0.chunk = chunk }.fault?.hasPrefix("a chunk must be") == true)
  }

  /// All that is accepted can be estimated.
  @Test func `Workloads of any size are refused or estimated, and overflow nothing`() throws {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    let estimator = try RequestEstimator(
      StepEstimator(model("gemma-2-2b"), on: Platform(device)))
    let sizes = [1, 1 << 10, 1 << 17, 1 << 20, 1 << 24]
    var accepted = 0
    for batch in sizes {
      for input in sizes {
        for output in sizes {
          for beams in [1, 1 << 24] {
            for chunk in [nil, 1, 1 << 14, 1 << 24] {
              let workload = workload {
                $0 = Workload(batch: batch, inputTokens: input, outputTokens: output)
                $0.beams = beams
                $0.chunk = chunk
                $0.decodesBeside = beams > 1 ? 1 << 24 : 0
              }
              guard workload.fault == nil else { continue }
              accepted += 1
              // The many steps of small chunks would take a while.
              if let chunk, batch * input / chunk > 100 { continue }
              let estimate = try estimator.estimate(workload)
              #expect(estimate.endToEnd.isFinite && estimate.endToEnd > 0)
              #expect(estimate.memory.total.isFinite && estimate.memory.cache > 0)
            }
          }
        }
      }
    }
    #expect(accepted > 300, "\(accepted)")
    let many = workload {
      $0.batch = 1 << 12
      $0.inputTokens = 1 << 12
      $0.chunk = 1
    }
    #expect(many.fault?.contains("more than 1048576 steps") == true)
  }
}
