import Testing

@testable import Validation

@Suite("Means and their intervals")
struct MeanIntervalTests {
  // The second example of Welch's test in encyclopedias; intervals from scipy.stats 1.17.
  static let left = [
    27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4,
  ]
  static let right = [
    27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4,
  ]

  @Test(
    "Student's quantiles are those of scipy",
    arguments: [
      (1.0, 12.706), (1.5, 6.017), (2, 4.303), (3.7, 2.868), (11, 2.201), (17, 2.110),
      (25, 2.060), (45, 2.014), (90, 1.987), (500, 1.965), (1e9, 1.960),
    ])
  func quantiles(degrees: Double, expected: Double) {
    let quantile = studentQuantile95(degrees: degrees)
    #expect(abs(quantile / expected - 1) < (degrees < 2 ? 0.03 : 0.002))
  }

  @Test("a mean's interval is that of a one-sample t test")
  func single() throws {
    let interval = try #require(MeanInterval(Self.left))
    #expect(abs(interval.mean - 20.82) < 1e-9)
    #expect(abs(try #require(interval.halfWidth) / 1.5533 - 1) < 0.002)
  }

  @Test(
    "a difference's interval is that of Welch's and of the paired test",
    arguments: [(false, 1.8174), (true, 1.7303)])
  func difference(paired: Bool, halfWidth: Double) throws {
    let interval = try #require(
      MeanInterval.difference(of: Self.left, from: Self.right, paired: paired))
    #expect(abs(interval.mean + 2.1666667) < 1e-6)
    #expect(abs(try #require(interval.halfWidth) / halfWidth - 1) < 0.002)
  }

  @Test("one value has no interval, none has no mean, equal values have no doubt")
  func few() {
    #expect(MeanInterval([]) == nil)
    #expect(MeanInterval([3])?.halfWidth == nil)
    #expect(MeanInterval([3, 3])?.halfWidth == 0)
    #expect(MeanInterval.difference(of: [3], from: [1], paired: false)?.mean == 2)
    #expect(MeanInterval.difference(of: [3], from: [1], paired: false)?.halfWidth == nil)
    #expect(MeanInterval.difference(of: [3, 3], from: [1, 1], paired: false)?.halfWidth == 0)
    #expect(MeanInterval.difference(of: [3], from: [], paired: false) == nil)
  }
}
