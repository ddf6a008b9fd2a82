import CostModel
import Operators
import Replay
import RequestLogs
import Scenarios
import Testing

@testable import Reports

/// Loads over time against what the steps themselves add up to.
@Suite struct StepBinsTests {
  /// Requests that decode for long, some of them together.
  private func steps(
    merged: Bool, stages: Int = 1, speculation: SpeculativeDecoding? = nil
  ) throws -> [StepRecord] {
    let group = EngineGroup(
      name: "a", device: "none", maxSequences: 8, maxBatchedTokens: 64, maxModelLength: 4096,
      blockSize: 4, blockCount: 2000, pipelineParallel: stages, speculation: speculation)
    var options = ReplayOptions()
    options.recordsSteps = true
    options.mergesSteps = merged
    let simulation = try Simulation(
      deployment: Deployment(model: "m", engines: [group]),
      pricings: [LinearStepModel(perStep: 1000, perPrefillToken: 10, perDecodeSequence: 1)],
      options: options)
    let records = (0..<6).map {
      RequestRecord(
        id: "\($0)", arrival: Nanoseconds(Int64($0) * 90_000), inputTokens: 20 + 30 * $0,
        outputTokens: 400)
    }
    return simulation.run(RequestTable(records)).steps
  }

  private func bins(_ steps: [StepRecord], count: Int = 40) -> StepBins {
    let end = steps.map { $0.start + $0.duration }.max() ?? .zero
    var bins = StepBins(count: count, window: .zero..<end)
    for step in steps { bins.add(step) }
    return bins
  }

  @Test func `Merged steps have the load of single ones`() throws {
    let (merged, single) = (try steps(merged: true), try steps(merged: false))
    #expect(merged.count * 4 < single.count)
    let (left, right) = (bins(merged), bins(single))
    for bin in 0..<40 {
      #expect(abs(left.blocks[bin] - right.blocks[bin]) < 4, "\(bin)")
      #expect(abs(left.running[bin] - right.running[bin]) < 0.1)
      #expect(abs(left.decode[bin] - right.decode[bin]) < 0.01)
    }
    #expect((right.blocks.max() ?? 0) > 100)
  }

  /// With several steps in flight an engine is busy once.
  @Test(arguments: [1, 2, 4]) func `Stages are not busy more than all of the time`(stages: Int)
    throws
  {
    let steps = try steps(merged: false, stages: stages)
    let bins = bins(steps)
    #expect(zip(bins.prefill, bins.decode).allSatisfy { $0 + $1 <= 1 + 1e-9 })
    #expect(bins.blocks.allSatisfy { $0 <= 2000 })
    // The union of all steps, counted by itself.
    var (busy, end) = (Int64(0), Int64(0))
    for step in steps.sorted(by: { $0.start < $1.start }) {
      let last = (step.start + step.duration).rawValue
      busy += max(0, last - max(end, step.start.rawValue))
      end = max(end, last)
    }
    let width = Double(end) / 40
    let sum = zip(bins.prefill, bins.decode).reduce(0) { $0 + $1.0 + $1.1 } * width
    #expect(abs(sum / Double(busy) - 1) < 1e-6)
  }

  /// Drafts are verified as short prompts are computed, and are none.
  @Test func `Drafts are no prompts`() throws {
    let speculation = SpeculativeDecoding(tokens: 3, acceptance: 0.7)
    let steps = try steps(merged: false, speculation: speculation)
    let prompts = steps.reduce(0) { $0 + $1.shape.prefillTokens - $1.shape.verifiedTokens }
    #expect(prompts == (0..<6).reduce(0) { $0 + 20 + 30 * $1 })
    #expect(steps.contains { $0.title.hasPrefix("verify") })
    // Behind the last prompt.
    #expect(bins(steps).prefill.suffix(5).allSatisfy { $0 == 0 })
  }
}
