import OperatorStore
import Operators

extension SplitMix64 {
  /// A number that is nearly of the standard normal distribution: twelve uniform ones added up.
  mutating func bell() -> Double {
    (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
  }
}

/// A curve of the device `toy`: one sample a point, with its nanoseconds.
func curve(
  _ op: Operators.Operator, _ points: [(AxisPoint, Double)], runtime: String = "toy 1"
) -> MeasuredCurve {
  MeasuredCurve(
    op, device: "toy", runtime: runtime,
    samples: points.map {
      MeasuredSample(at: $0.0, duration: DurationStatistics(mean: $0.1), source: 1)
    })
}
