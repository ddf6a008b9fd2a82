import Operators
import Testing
import TraceIO

@Suite struct FixedPointTests {
  @Test(
    "decimals are read exactly",
    arguments: [
      ("0", .exact(0)), ("1712195495505582.988", .exact(1_712_195_495_505_582_988)),
      ("12", .exact(12000)), ("-12.5", .exact(-12500)), ("1.5e3", .exact(1_500_000)),
      ("1.5E-3", .rounded(2)), ("1.4e-3", .rounded(1)), ("0.0005", .rounded(1)),
      ("0.00049999", .rounded(0)), ("-0.0005", .rounded(-1)), ("1e-400", .rounded(0)),
      ("9223372036854775.807", .exact(.max)), ("9223372036854775.808", .overflow),
      ("1e300", .overflow), ("0e99999999999999999999", .exact(0)), ("1e99999999999", .overflow),
      ("922337203685477580.8", .overflow), ("9999999999999999", .overflow),
      ("9223372036854775", .exact(9_223_372_036_854_775_000)), ("0.007", .exact(7)),
      ("12345678901234567890123456", .overflow), ("", .malformed), ("-", .malformed),
      (".", .malformed), ("1.-5", .malformed), ("1e", .malformed), ("nan", .malformed),
      ("1 ", .malformed), ("9.31067", .rounded(9311)), ("+1", .exact(1000)), (".5", .exact(500)),
      ("000000000000000000000000000000.001", .exact(1)), ("1.000000000000000000000", .exact(1000)),
    ] as [(String, FixedPoint)])
  func decimals(text: String, expected: FixedPoint) {
    #expect(FixedPoint(text, decimals: 3) == expected)
  }

  @Test func `whole numbers agree with the standard library`() {
    var random = SplitMix64(seed: 1)
    for _ in 0..<20_000 {
      let value = Int64(bitPattern: random.next()) >> Int64(random.next() % 63)
      #expect(FixedPoint(String(value), decimals: 0) == (value == .min ? .overflow : .exact(value)))
    }
  }
}
