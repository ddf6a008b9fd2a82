import CostModel
import Validation

/// The least-squares half of a ``LogCalibration``: which parameters make a replay's latencies those
/// that were measured.
///
/// A replay is no smooth function: a step that ends a nanosecond later may miss an arrival, and all
/// that follows differs. So a fit never looks at one replay but at a pattern of them around a point:
/// their mean stands for the point, and their differences give the slopes, twice over from disjoint
/// replays. The product of the two sets of slopes is free of the noise that the square of one has,
/// which would make parameters look separable that are not. The minimum is sought by Levenberg's
/// and Marquardt's method.
///
/// Inside, a parameter counts in parts of a step: the factor as it is, host time by what it adds to
/// a mean step, relative to the median measured time between tokens. So all are near one, and one
/// bound, one pattern and one tolerance fit all.
struct LatencyFit {
  typealias Replay = (StepParameters) throws -> LogReplay

  /// What the replays around a point say.
  struct Pattern {
    /// Mean residuals.
    var residuals: [Double]
    /// Slopes of the residuals, one column a free parameter, from either half of the replays.
    var slopes: Slopes
  }

  /// Where a fit ended.
  struct Solution {
    var x: [Double]
    var pattern: Pattern
    /// Of the squared residuals.
    var weights: [Double]
  }

  let residuals: LatencyResiduals
  /// A parameter's worth of one, in its own unit.
  let units: [Double]
  private let hidesHost: Bool
  private let replay: Replay

  private static let bounds: [ClosedRange<Double>] = [0.2...5, 0...2, 0...2, 0...2]
  /// Distances of the replays from the point, on either side, for either half.
  private static let distances = [[0.01, 0.03], [0.018, 0.026]]
  private static let mostPatterns = 24

  /// - Parameter start: a replay with default parameters, for the size of a mean step.
  init(
    _ residuals: LatencyResiduals, start: LogReplay, hidesHost: Bool, replay: @escaping Replay
  ) {
    self.residuals = residuals
    let step = residuals.medianStep
    units = [1, step, step / max(1, start.meanSequences), step / max(1, start.meanTokens)]
    self.hidesHost = hidesHost
    self.replay = replay
  }

  /// The parameters in their own units.
  func parameters(_ x: [Double]) -> StepParameters {
    var parameters = StepParameters()
    parameters.hidesHost = hidesHost
    for parameter in StepParameter.allCases {
      parameters[parameter] = x[parameter.rawValue] * units[parameter.rawValue]
    }
    return parameters
  }

  /// Fits the free parameters from a start; the others stay as they are there.
  func minimum(from start: [Double], free: [Int]) throws -> Solution {
    var x = start
    var pattern = try self.pattern(at: x, free)
    var damping = 1e-3
    var left = Self.mostPatterns
    while left > 0 {
      let scales = residuals.scales(pattern.residuals)
      let weights = residuals.weights(pattern.residuals, scales)
      let loss = residuals.loss(pattern.residuals, scales)
      let gradient = pattern.slopes.gradient(pattern.residuals, weights)
      // At a bound that the loss pushes against there is nowhere to go.
      let moving = free.indices.filter { place in
        let bound = Self.bounds[free[place]]
        return !(x[free[place]] <= bound.lowerBound && gradient[place] > 0)
          && !(x[free[place]] >= bound.upperBound && gradient[place] < 0)
      }
      var (step, gained) = (0.0, 0.0)
      while damping < 1e3, gained <= 0, left > 0, !moving.isEmpty {
        let moves = pattern.slopes.selecting(moving).step(
          pattern.residuals, weights, damping: damping)
        var tried = x
        for (place, move) in zip(moving, moves ?? []) {
          let bound = Self.bounds[free[place]]
          tried[free[place]] = min(max(x[free[place]] + move, bound.lowerBound), bound.upperBound)
        }
        step = zip(x, tried).map { abs($0 - $1) }.max() ?? 0
        guard step > 1e-4 else { break }
        let triedPattern = try self.pattern(at: tried, free)
        left -= 1
        gained = 1 - residuals.loss(triedPattern.residuals, scales) / loss
        if gained > 0 {
          (x, pattern) = (tried, triedPattern)
          damping = max(1e-6, damping / 6)
        } else {
          damping *= 8
        }
      }
      if gained < 1e-3 { break }
    }
    let scales = residuals.scales(pattern.residuals)
    return Solution(
      x: x, pattern: pattern, weights: residuals.weights(pattern.residuals, scales))
  }

  /// Standard errors by leaving out a stretch of time at once.
  ///
  /// Each stretch's fit is one step from the whole one's minimum, which takes no more replays.
  func standardErrors(_ solution: Solution) -> [Double] {
    let moves = (0..<residuals.stretchCount).compactMap { left in
      solution.pattern.slopes.step(
        solution.pattern.residuals,
        solution.weights.indices.map {
          residuals.stretchOf[$0] == left ? 0 : solution.weights[$0]
        }, damping: 0)
    }
    let places = solution.pattern.slopes.halves[0].indices
    guard moves.count == residuals.stretchCount else { return places.map { _ in .infinity } }
    let count = Double(moves.count)
    return places.map { place in
      let mean = moves.reduce(0) { $0 + $1[place] } / count
      let squares = moves.reduce(0) { $0 + ($1[place] - mean) * ($1[place] - mean) }
      return (squares * (count - 1) / count).squareRoot()
    }
  }

  /// Replays around a point, along each free parameter.
  ///
  /// Some lie below zero, where a step is a little shorter than its kernels: differences would be
  /// one-sided otherwise where a fit most often ends.
  private func pattern(at x: [Double], _ free: [Int]) throws -> Pattern {
    var halves = Self.distances.map { _ in [[Double]]() }
    var (sum, count) = ([Double](), 0.0)
    for parameter in free {
      for (half, distances) in Self.distances.enumerated() {
        var slope: [Double] = []
        let width = 2 * distances.reduce(0) { $0 + $1 * $1 }
        for distance in distances {
          for signed in [distance, -distance] {
            var moved = x
            moved[parameter] += signed
            let found = residuals.of(try replay(parameters(moved)).latencies)
            slope = slope.isEmpty ? found.map { _ in 0 } : slope
            sum = sum.isEmpty ? found.map { _ in 0 } : sum
            for (row, value) in found.enumerated() {
              slope[row] += value * signed / width
              sum[row] += value
            }
            count += 1
          }
        }
        halves[half].append(slope.map { $0.isFinite ? $0 : 0 })
      }
    }
    return Pattern(residuals: sum.map { $0 / count }, slopes: Slopes(halves: halves))
  }
}
