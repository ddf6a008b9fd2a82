import Operators
import TestSupport
import Testing

@testable import Replay

@Suite("Amounts over time")
struct TimeBinsTests {
  private struct Span {
    var amount: Double
    var from: Double
    var to: Double
  }

  private func spans(_ count: Int, seed: UInt64) -> [Span] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let from = 1_000_000 * random.unit()
      // A third are instants.
      return Span(
        amount: 10 * random.unit(), from: from,
        to: from + max(0, 300_000 * random.unit() - 100_000))
    }
  }

  /// What a bin holds of a span, by the overlap of the two.
  private func overlap(_ span: Span, _ bin: Int, _ width: Double) -> Double {
    let (start, end) = (Double(bin) * width, Double(bin + 1) * width)
    guard span.to > span.from else {
      return span.from >= start && span.from < end ? span.amount : 0
    }
    return span.amount * max(0, min(span.to, end) - max(span.from, start)) / (span.to - span.from)
  }

  @Test(
    "are what each span overlaps, in any order and however often bins are doubled", arguments: 0..<8
  )
  func bruteForce(seed: Int) {
    let spans = spans(300, seed: UInt64(seed))
    var bins = TimeBins(channels: 2, count: 32, width: 1)
    for span in spans { bins.add(span.amount, to: 1, from: span.from, to: span.to) }
    #expect(bins.width == 65_536 || bins.width == 32_768)
    let amounts = bins.amounts(1)
    for bin in 0..<32 {
      let expected = spans.reduce(0) { $0 + overlap($1, bin, bins.width) }
      #expect(abs(amounts[bin] - expected) < 1e-6)
    }
    #expect(bins.amounts(0).allSatisfy { $0 == 0 })
  }

  @Test("stay within bounds at the end of time")
  func end() {
    var bins = TimeBins(channels: 1, count: 4)
    bins.add(1, to: 0, from: 0, to: 9.2e18)
    bins.add(1, to: 0, at: 9.2e18)
    #expect(abs(bins.amounts(0).reduce(0, +) - 2) < 1e-9)
  }
}
