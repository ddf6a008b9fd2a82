import Foundation
import RequestLogs
import TestSupport
import Testing

@testable import Scenarios

@Suite struct SearchReaderTests {
  private static let plain = """
    version: 1
    name: chat
    model: llama-3.1-8b
    devices:
      - device: h100-sxm
        count: 8
        price_per_hour: 2.5
        per_node: 8
      - device: l40s
        count: 4
    engine:
      max_model_len: 8192
      tensor_parallel: [1, 2]
      max_num_seqs: [64, 256, 512]
      enable_chunked_prefill: [true, false]
      max_num_batched_tokens: 2048
    replicas: [1, 2, 4]
    routing: [round-robin, least-loaded]
    split:
      prefill: {tensor_parallel: 1, replicas: [1, 2]}
      decode: {max_num_seqs: 512, replicas: [1, 3]}
      transfer: {bandwidth_gb_s: 50}
    mix_devices: true
    slo: {ttft_ms: 200, tpot_ms: 20}
    budget: {devices: 6, price_per_hour: 20}
    objective: ttft
    seed: 7
    workload:
      requests: 100
      arrivals: {kind: poisson, rate: 5}
      streams:
        - {name: chat, share: 1, input: 500, output: 100}
    """

  @Test("All keys are read, and every engine is made of the values to choose from")
  func reads() throws {
    let space = try SearchSpace(yaml: Self.plain, path: "s.yaml")
    #expect(space.devices.map(\.count) == [8, 4] && space.devices[0].perNode == 8)
    #expect(space.devices[0].pricePerHour == 2.5 && space.devices[1].pricePerHour == nil)
    #expect(space.engines.count == 12)
    // Those without chunks would need a larger budget of tokens.
    #expect(space.engines.count { $0.fault == nil } == 6)
    #expect(space.engines.contains { $0.fault?.contains("chunked") == true })
    let good = space.engines.filter { $0.fault == nil }.map(\.group)
    #expect(good.map(\.tensorParallel) == [1, 1, 1, 2, 2, 2])
    #expect(good.map(\.maxSequences) == [64, 256, 512, 64, 256, 512])
    #expect(
      space.engines[0].settings.map(\.key) == [
        "tensor_parallel", "max_num_seqs", "enable_chunked_prefill",
      ])
    #expect(space.replicas == [1, 2, 4] && space.routings == [.roundRobin, .leastLoaded])
    let split = try #require(space.split)
    #expect(
      split.prefill.engines.filter { $0.fault == nil }.map(\.group.role) == [
        .prefill, .prefill, .prefill,
      ])
    #expect(
      split.decode.engines.filter { $0.fault == nil }.map(\.group.maxSequences) == [512, 512])
    #expect(split.prefill.replicas == [1, 2] && split.decode.replicas == [1, 3])
    #expect(split.transfer.bandwidth == 50)
    #expect(space.mixesDevices && space.objective == .ttft && space.seed == 7)
    #expect(space.budget.devices == 6 && space.budget.pricePerHour == 20)
    #expect(space.workload?.count == 100)
  }

  @Test(
    "A mistake is told with its line",
    arguments: [
      ("  - device: l40s", "  - device: h100-sxm", 9, "given once"),
      ("max_num_seqs: [64, 256, 512]", "max_num_seqs: [64, 0]", 14, "whole number, 1 to 65536"),
      ("max_num_seqs: [64, 256, 512]", "max_num_seqs: [64, 64]", 14, "choice 64 twice"),
      ("max_num_seqs: [64, 256, 512]", "max_num_seqs: []", 14, "a list of 1 to 64"),
      ("  max_model_len: 8192\n", "", 12, "needs the key 'max_model_len'"),
      ("tensor_parallel: [1, 2]", "tensor_paralel: 1", 13, "did you mean 'tensor_parallel'"),
      ("replicas: [1, 2, 4]", "replicas: [1, 2000]", 17, "1 to 1024"),
      ("routing: [round-robin, least-loaded]", "routing: best", 18, "one of round-robin"),
      ("objective: ttft", "objective: speed", 26, "one of cost"),
      ("slo: {ttft_ms: 200, tpot_ms: 20}", "slo: {ttft_ms: 200}", 24, "tpot_ms"),
      ("transfer: {bandwidth_gb_s: 50}", "transfer: {bandwidth_gb_s: -1}", 22, "bandwidth_gb_s"),
      ("  requests: 100\n", "", 29, "when it ends"),
      ("version: 1", "version: 2", 1, "whole number, 1"),
    ])
  func mistakes(from: String, to: String, line: Int, reason: String) throws {
    let text = Self.plain.replacing(from, with: to)
    try #require(text != Self.plain)
    #expect {
      try SearchSpace(yaml: text, path: "s.yaml")
    } throws: { error in
      guard let error = error as? ScenarioError else { return false }
      return error.line == line && error.message.contains(reason)
    }
  }

  @Test("The examples are read", arguments: ["chat", "platform-64"])
  func examples(name: String) throws {
    let path = Checkout.path("docs/examples/search/\(name).yaml")
    let space = try SearchSpace(yaml: String(contentsOfFile: path, encoding: .utf8), path: path)
    #expect(space.workload != nil && space.engines.allSatisfy { $0.fault == nil })
    // What is timed has more than ten thousand designs.
    #expect(name == "chat" || space.designCount > 10_000)
  }

  @Test("Devices cannot be mixed where there is one kind, and designs are bounded")
  func bounds() {
    let single = Self.plain.replacing("  - device: l40s\n    count: 4\n", with: "")
    #expect(throws: ScenarioError.self) { try SearchSpace(yaml: single, path: "s.yaml") }
    let many = (1...60).map(String.init).joined(separator: ", ")
    let huge = Self.plain.replacing("max_num_seqs: [64, 256, 512]", with: "max_num_seqs: [\(many)]")
      .replacing("replicas: [1, 2, 4]", with: "replicas: [\(many)]")
    #expect {
      try SearchSpace(yaml: huge, path: "s.yaml")
    } throws: {
      "\($0)".contains("more than 200000 designs")
    }
  }
}
