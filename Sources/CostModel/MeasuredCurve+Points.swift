internal import OperatorStore
internal import Operators

extension MeasuredCurve {
  /// A point of a curve, of all samples of it together.
  struct Point {
    var point: AxisPoint
    /// The logarithm of nanoseconds.
    var logTime: Double
    /// The relative standard error of the measurement itself.
    var noise: Double
    /// By how much its samples disagree: the standard deviation of their logarithms; 0 of one alone.
    var spread = 0.0
  }

  /// The distinct points that have a time, in order, each weighed over its samples by their counts.
  var points: [Point] {
    var points: [Point] = []
    // Samples of one point come one after the other.
    var index = 0
    while index < samples.count {
      let point = samples[index].point
      var (weight, logTime, noise, squares, stated) = (0.0, 0.0, 0.0, 0.0, 0.0)
      while index < samples.count, samples[index].point == point {
        let duration = samples[index].duration
        index += 1
        guard duration.median > 0, duration.median.isFinite else { continue }
        let count = Double(duration.count)
        weight += count
        let log = logarithm(duration.median)
        logTime += count * log
        squares += count * log * log
        noise += count * (Self.statedError(duration) ?? 0.02)
        stated += count * (Self.statedError(duration) ?? 0)
      }
      guard weight > 0 else { continue }
      let mean = logTime / weight
      // What samples differ by, and what each of them says of itself; what is below rounding is no disagreement.
      let variance = squares / weight - mean * mean + stated / weight * stated / weight
      points.append(
        Point(
          point: point, logTime: mean, noise: noise / weight,
          spread: variance > 1e-9 ? variance.squareRoot() : 0))
    }
    return points
  }

  /// How many points it has: samples of one point come one after the other.
  var distinctPoints: Int {
    zip(samples, samples.dropFirst()).reduce(samples.isEmpty ? 0 : 1) {
      $1.0.point == $1.1.point ? $0 : $0 + 1
    }
  }

  /// The relative standard error of a duration, from its own repetitions; nil where there are none.
  private static func statedError(_ duration: DurationStatistics) -> Double? {
    guard duration.count > 1, duration.deviation > 0, duration.mean > 0 else { return nil }
    return max(0.005, duration.deviation / duration.mean / Double(duration.count).squareRoot())
  }
}
