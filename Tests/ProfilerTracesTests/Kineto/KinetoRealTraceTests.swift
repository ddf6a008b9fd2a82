import TestSupport
import Testing

@testable import ProfilerTraces

/// Real traces of all generations; the numbers are those of `tools/count-kineto`, which applies the
/// rules once more, in another language and by other means.
@Suite(.needsSharedData)
struct KinetoRealTraceTests {
  struct Expected: Sendable, CustomStringConvertible {
    var file: String
    var era: String
    var rules: [AttributionRule: Tally]
    var groups: Int

    var description: String { file }

    init(
      _ file: String, _ era: String, groups: Int, _ rules: [AttributionRule: (Int, Int64)]
    ) {
      self.file = file
      self.era = era
      self.groups = groups
      self.rules = rules.mapValues { Tally(count: $0.0, nanoseconds: $0.1) }
    }
  }

  static let relative = "relative nanoseconds"

  static let traces: [Expected] = [
    Expected(
      "TraceLens/b200_eager_trace.json.gz", relative, groups: 36,
      [
        .correlation: (926, 11_638_719), .noOperator: (2, 5088),
        .collectiveAndWait: (1, 21_953),
      ]),
    Expected(
      "TraceLens/h100_Qwen1.5-0.5B-Chat.json.gz", relative, groups: 35,
      [.correlation: (1198, 31_905_473), .clipped: (509, 13_741_827)]),
    Expected(
      "TraceLens/mi210_gpu_only.json.gz", relative, groups: 45,
      [.kernelName: (562, 5_343_422)]),
    Expected(
      "TraceLens/mi300_Qwen1.5-0.5B-Chat.json.gz", relative, groups: 36,
      [.correlation: (1054, 29_743_938), .clipped: (463, 13_318_864)]),
    Expected(
      "TraceLens/vllm_decode_full_graph_execution.json.gz", relative, groups: 10,
      [.correlation: (13, 329_226), .graph: (421, 10_388_482)]),
    Expected(
      "TraceLens/vllm_decode_full_graph_capture.pt.trace.json.gz", relative, groups: 7,
      [.correlation: (10, 28_830)]),
    // External ids are copies of correlations: a join on them finds nothing.
    Expected(
      "HTA/control.json.gz", "microseconds", groups: 549,
      [
        .correlation: (9342, 330_390_000), .ancestor: (30, 124_825_000),
        .withoutShape: (30, 38_710_000), .noOperator: (48, 7_642_000),
      ]),
    Expected(
      "HTA/rank0.json.gz", "microseconds", groups: 220,
      [
        .correlation: (6440, 252_728_000), .clipped: (872, 59_526_000),
        .graph: (345, 105_467_000), .noOperator: (90, 32_042_000),
      ]),
    Expected(
      "HTA/nccl_data.json.gz", relative, groups: 23 + 7,
      [.withoutShape: (3753, 118_309_345), .collectiveAndWait: (21, 46_876_493)]),
    // Here such a join finds 2,719 operators, all of them wrong.
    Expected(
      "chakra/resnet_kineto.json.gz", "microseconds", groups: 23,
      [.withoutShape: (10_113, 4_733_822_000)]),
  ]

  @Test(
    "kernels, their time and their operators are those of an independent count", arguments: traces)
  func count(expected: Expected) throws {
    let trace = try KinetoReader.read(path: SharedData.path("traces/" + expected.file))
    for rule in AttributionRule.allCases {
      #expect(trace.coverage[rule] == expected.rules[rule] ?? Tally(), "\(rule)")
    }
    // Calls of one operator that launched another number of kernels are another group.
    let calls = Set(
      trace.groups.map {
        [$0.name, $0.inputDims, $0.inputTypes, $0.inputStrides, $0.concreteInputs]
      })
    #expect(calls.count == expected.groups)
    #expect(trace.facts["kineto_era"] == expected.era)
    #expect(trace.coverage.rejectedRecords == 0)
    #expect(trace.warnings.count == (expected.rules[.collectiveAndWait] == nil ? 0 : 1))
  }

  @Test func `a trace of a processor counts its outermost operators`() throws {
    let trace = try KinetoReader.read(
      path: SharedData.path("traces/torch-cpu/cpu_llama_small.pt.trace.json.zst"))
    #expect(trace.coverage.total == trace.coverage[.cpuOperator])
    #expect(trace.coverage.total.count == 2460)
  }
}
