import CostModel
import Operators
import Validation

/// The least-squares half of a ``LogCalibration``: which parameters make a replay's latencies those
/// that were measured.
///
/// A replay is no smooth function: a step that ends a nanosecond later may miss an arrival, and all
/// that follows differs, so that differences of replays are mostly noise. The slopes used are those
/// that latencies would have if every step kept its batch, which one replay tells exactly
/// (``LogReplay``). They leave out that slower steps have fuller batches and longer queues, so a
/// step of the iteration may go too far; it is shortened when the next one turns round. Where the
/// iteration rests, residuals that were replayed in full are balanced over those slopes. A step that makes the
/// fit clearly worse, as one unlucky replay can, is taken back and tried shorter.
///
/// Inside, a parameter counts in parts of a step: the factor as it is, host time by what it adds to
/// a mean step, relative to the median measured time between tokens. So all are near one, and one
/// bound and one tolerance fit all.
struct LatencyFit {
  typealias Replay = (StepParameters) throws -> LogReplay

  /// Where a fit ended.
  struct Solution {
    var x: [Double]
    /// How much of a step the iteration took at its end.
    var gain: Double
    var residuals: [Double]
    /// Slopes of the residuals, one column a free parameter.
    var columns: [[Double]]
    /// Of the squared residuals.
    var weights: [Double]
  }

  let residuals: LatencyResiduals
  /// A parameter's worth of one, in its own unit.
  let units: [Double]
  private let hidesHost: Bool
  private let replay: Replay

  private static let bounds: [ClosedRange<Double>] = [StepFit.plausibleScale, 0...2, 0...2, 0...2]
  /// For standard errors: a parameter that rests on its bound is uncertain all the same.
  private static let wideBounds: [ClosedRange<Double>] = [
    StepFit.plausibleScale, -1...2, -1...2, -1...2,
  ]
  private static let longestStep = 0.3
  private static let tolerance = 2e-4
  /// By how much worse a fit must be that is not chance: replays of near parameters differ by a tenth.
  private static let clearlyWorse = 0.25

  /// - Parameter start: a replay with default parameters, for the size of a mean step.
  init(
    _ residuals: LatencyResiduals, start: LogReplay, hidesHost: Bool, replay: @escaping Replay
  ) {
    self.residuals = residuals
    let all = start.afterFirstToken.reduce(start.untilFirstToken.reduce(.zero, +), +)
    let gaps = start.latencies.compactMap { $0?.timePerOutputToken?.rawValue }.sorted()
    // Where no token was timed the replay's own are as long as any guess.
    let step = residuals.medianStep ?? (gaps.isEmpty ? 1e6 : max(1, Double(gaps[gaps.count / 2])))
    units = [
      1, step, step / max(1, all[2] / max(1, all[1])), step / max(1, all[3] / max(1, all[1])),
    ]
    self.hidesHost = hidesHost
    self.replay = replay
  }

  /// The factor on device time where it rests on a bound: then host time explains all, which no server
  /// does. Host time may be none.
  func factorAtBound(_ x: [Double], _ free: [Int]) -> (Int, LogCalibration.Undetermined)? {
    let factor = StepParameter.deviceScale.rawValue
    let bound = Self.bounds[factor]
    guard let place = free.firstIndex(of: factor),
      x[factor] <= bound.lowerBound * 1.001 || x[factor] >= bound.upperBound * 0.999
    else { return nil }
    return (place, .atItsBound)
  }

  /// The parameters in their own units.
  func parameters(_ x: [Double]) -> StepParameters {
    var parameters = StepParameters()
    parameters.hidesHost = hidesHost
    for parameter in StepParameter.ofRequests {
      parameters[parameter] = x[parameter.rawValue] * units[parameter.rawValue]
    }
    return parameters
  }

  /// Fits the free parameters from a start; the others stay as they are there.
  ///
  /// - Parameters:
  ///   - gain: how much of each step to take at first.
  ///   - left: a stretch of time whose requests do not count.
  ///   - rounds: the most replays.
  func solution(
    from start: [Double], free: [Int], gain: Double = 1, without left: Int? = nil, rounds: Int = 24
  ) throws -> Solution {
    var (x, gain) = (start, gain)
    var last = [Double](repeating: 0, count: x.count)
    var visited: [[Double]] = []
    var best: (solution: Solution, badness: Double)?
    let bounds = left == nil ? Self.bounds : Self.wideBounds
    for _ in 0..<rounds {
      var state = try self.state(at: x, free, gain, without: left)
      let badness = residuals.badness(state.residuals, without: left)
      if let best, badness > best.badness + Self.clearlyWorse {
        (state, x) = (best.solution, best.solution.x)
        gain = max(0.1, gain * 0.7)
        last = [Double](repeating: 0, count: x.count)
      } else if badness < best?.badness ?? .infinity {
        best = (state, badness)
      }
      let gradient = state.columns.map { dot($0, state.residuals, state.weights) }
      // At a bound that the loss pushes against there is nowhere to go.
      let moving = free.indices.filter { place in
        let bound = bounds[free[place]]
        return !(x[free[place]] <= bound.lowerBound && gradient[place] > 0)
          && !(x[free[place]] >= bound.upperBound && gradient[place] < 0)
      }
      guard
        let moves = newtonStep(moving.map { state.columns[$0] }, state.residuals, state.weights)
      else { break }
      var moved = x
      for (place, move) in zip(moving, moves) {
        let bound = bounds[free[place]]
        let step = gain * min(max(move, -Self.longestStep), Self.longestStep)
        moved[free[place]] = min(max(x[free[place]] + step, bound.lowerBound), bound.upperBound)
      }
      let step = zip(moved, x).map { $0 - $1 }
      if zip(step, last).reduce(0, { $0 + $1.0 * $1.1 }) < 0 { gain = max(0.1, gain * 0.7) }
      (x, last) = (moved, step)
      visited.append(x)
      if step.allSatisfy({ abs($0) < Self.tolerance }) { break }
    }
    // The ends of the iteration scatter as replays do; their mean scatters less.
    if visited.count == rounds {
      let tail = visited.suffix(max(1, rounds / 3))
      x = x.indices.map { index in tail.reduce(0) { $0 + $1[index] } / Double(tail.count) }
    }
    let end = try state(at: x, free, gain, without: left)
    let badness = residuals.badness(end.residuals, without: left)
    guard let best, badness > best.badness + Self.clearlyWorse else { return end }
    return best.solution
  }

  /// Standard errors by fitting again without one stretch of time after another (the jackknife).
  ///
  /// The larger of two ways: by replays, which tell how batches change with the parameters, but may rest
  /// where the fit began, since a replay of near parameters is worse by chance; and by one step along the
  /// slopes, which does not.
  func standardErrors(_ solution: Solution, free: [Int]) throws -> [Double] {
    let stretches = 0..<residuals.stretchCount
    let replayed = try stretches.map { left in
      let fit = try self.solution(
        from: solution.x, free: free, gain: solution.gain, without: left, rounds: 8)
      return free.map { fit.x[$0] }
    }
    let stepped = stretches.compactMap { left in
      newtonStep(solution.columns, solution.residuals, weights(solution.weights, without: left))
    }
    let (first, second) = (
      jackknifeErrors(replayed, count: free.count), jackknifeErrors(stepped, count: free.count)
    )
    return free.indices.map { max(first[$0], second[$0]) }
  }

  private func weights(_ weights: [Double], without left: Int) -> [Double] {
    zip(weights, residuals.stretchOf).map { $1 == left ? 0 : $0 }
  }

  private func state(
    at x: [Double], _ free: [Int], _ gain: Double, without left: Int?
  ) throws -> Solution {
    let replayed = try replay(parameters(x))
    let found = residuals.of(replayed.latencies)
    var weights = residuals.weights(found, residuals.scales(found))
    if let left { weights = self.weights(weights, without: left) }
    let slopes = residuals.slopes(of: replayed)
    let columns = free.map { parameter in slopes.map { $0[parameter] * units[parameter] } }
    return Solution(x: x, gain: gain, residuals: found, columns: columns, weights: weights)
  }
}
