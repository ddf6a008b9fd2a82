import Operators
import Testing

@Suite struct OperatorTests {
  @Test func `Equal operators have equal canonical text, whatever the order of their attributes`() {
    let one = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 14336])
    let other = Operator(.gemm, dataType: .bfloat16, ["k": 14336, "n": 4096])
    #expect(one == other)
    #expect(one.canonicalAttributes == "k=14336 n=4096")
    #expect(other.canonicalAttributes == one.canonicalAttributes)
    #expect("\(one)" == "gemm k=14336 n=4096 bf16")
  }

  @Test func `An unknown operator keeps its profiler's name`() {
    let kind = OperatorKind.opaque("vllm::unified_attention")
    #expect(kind.isOpaque)
    #expect(kind.rawValue == "opaque:vllm::unified_attention")
    #expect(kind.axes.isEmpty)
    #expect(!OperatorKind.gemm.isOpaque)
  }
}

@Suite struct StepShapeTests {
  /// Counts causal pairs one by one.
  private func pairs(tokens: Int, past: Int) -> Int {
    (0..<tokens).reduce(0) { $0 + past + $1 + 1 }
  }

  @Test(arguments: [(1, 0), (1, 99), (7, 0), (512, 1536), (2048, 1)])
  func `Query-key pairs equal a count one by one`(tokens: Int, past: Int) {
    var shape = StepShape()
    shape.addPrefill(tokens: tokens, past: past, samples: true)
    #expect(shape.prefillPairs == pairs(tokens: tokens, past: past))
    #expect(shape.prefillContext == past + tokens)
    #expect(shape.sampledSequences == 1)
  }

  @Test func `A mixed step adds up`() {
    var shape = StepShape()
    shape.addPrefill(tokens: 100, past: 0, samples: false)
    shape.addDecode(context: 10)
    shape.addDecode(context: 30)
    #expect(shape.tokens == 102)
    #expect(shape.decodeContext == 40)
    #expect(shape.longestDecodeContext == 30)
    #expect(shape.sampledSequences == 2)
  }
}

extension StepShapeTests {
  @Test(
    arguments: [Int.max, Int.max - 1, Int.max / 2, 1 << 32, Int.min], [0, 1, 1 << 32, Int.max])
  func `Sums of huge sizes stay at the largest instead of trapping`(size: Int, past: Int) {
    var shape = StepShape()
    for _ in 0..<5 {
      shape.addPrefill(tokens: size, past: past, samples: true)
      shape.addDecode(context: size)
    }
    for sum in [
      shape.prefillTokens, shape.prefillPairs, shape.prefillContext, shape.decodeContext,
      shape.longestDecodeContext,
    ] {
      #expect((0...StepShape.largestSum).contains(sum))
    }
    #expect(shape.tokens >= 5)
    if size > 1 << 33 { #expect(shape.prefillPairs == StepShape.largestSum) }
  }
}

@Suite struct DurationStatisticsTests {
  @Test func `No durations have no statistics`() {
    #expect(DurationStatistics([Int64]()) == nil)
  }

  @Test(arguments: [
    ([5], 5.0, 5.0, 0.0), ([4, 2], 3.0, 3.0, 1.0), ([9, 1, 2], 2.0, 4.0, 3.559026084010437),
  ])
  func `Median, mean and deviation are those of the textbook`(
    durations: [Int64], median: Double, mean: Double, deviation: Double
  ) throws {
    let statistics = try #require(DurationStatistics(durations))
    #expect(statistics.count == durations.count)
    #expect(statistics.median == median)
    #expect(statistics.mean == mean)
    #expect(abs(statistics.deviation - deviation) < 1e-12)
  }
}

@Suite struct NanosecondsTests {
  @Test(arguments: [
    (Double.nan, Int64(0)), (.infinity, .max), (-.infinity, .min), (1e300, .max), (-1e300, .min),
    (2.5, 3), (-2.5, -3), (0.4, 0),
  ])
  func `Rounding never traps`(value: Double, expected: Int64) {
    #expect(Nanoseconds(rounding: value).rawValue == expected)
  }

  @Test func `Sums clamp instead of overflowing`() {
    #expect(Nanoseconds(.max) + Nanoseconds(1) == Nanoseconds(.max))
    #expect(Nanoseconds(.min) - Nanoseconds(1) == Nanoseconds(.min))
  }
}
