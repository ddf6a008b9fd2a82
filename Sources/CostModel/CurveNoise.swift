public import Analytical
public import OperatorStore
internal import Operators

/// How far one curve's measurements scatter, told from the curve itself.
///
/// Two estimates, each a median absolute deviation scaled to a standard deviation, so that less than
/// half of the points being outliers or tile edges does not reach it.
public struct CurveNoise: Sendable, Hashable {
  /// From second differences: how far a point's log ratio to its anchor lies from the line between
  /// its neighbours. Relative: 0.05 is five percent. Holds what is not straight in the curve, too,
  /// and so is an upper bound. Nil with fewer than ``leastTriples`` points between two others.
  public var alongAxes: Double?
  /// From points that were measured more than once. Relative; nil with fewer than ``leastRepeats``.
  public var betweenRepeats: Double?

  /// Points between two others that an estimate needs: one outlier spoils three of them.
  public static let leastTriples = 8
  /// Repetitions that an estimate needs.
  public static let leastRepeats = 4

  /// The larger of what is known, at least half a percent; 2 % where nothing is.
  public var scale: Double { known ?? 0.02 }

  /// The larger of what is known, at least half a percent; nil where nothing is.
  var known: Double? {
    guard alongAxes != nil || betweenRepeats != nil else { return nil }
    return max(0.005, alongAxes ?? 0, betweenRepeats ?? 0)
  }

  /// Estimates a curve's noise.
  ///
  /// - Complexity: O(*s* · log *s*) for *s* samples.
  public init(_ curve: MeasuredCurve, on device: Device) {
    self.init(CurveLines(curve, on: device), curve)
  }

  init(_ lines: CurveLines, _ curve: MeasuredCurve) {
    alongAxes = Self.deviation(lines.deviations, least: Self.leastTriples)
    var repeats: [Double] = []
    for place in lines.places where place.samples.count > 1 {
      let times = place.samples.map { logarithm(curve.samples[$0].duration.median) }
      for (time, next) in zip(times, times.dropFirst()) {
        repeats.append((time - next) / 2.0.squareRoot())
      }
    }
    betweenRepeats = Self.deviation(repeats, least: Self.leastRepeats)
  }

  /// The standard deviation about zero of values of which less than half are wild.
  private static func deviation(_ values: [Double], least: Int) -> Double? {
    guard values.count >= least else { return nil }
    let sorted = values.map(abs).sorted()
    let middle = sorted.count / 2
    let median =
      sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    // The median of a normal distribution's absolute values is 0.6745 standard deviations.
    return median / 0.6745
  }
}
