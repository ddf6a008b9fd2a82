import CostModel
import Operators
import Validation

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The least-squares half of a ``LogCalibration``: which parameters make a replay's latencies those
/// that were measured.
///
/// Residuals are logarithms of replayed over measured TTFT and TPOT, so that a request counts by its
/// ratio and not by its length. Their loss is Huber's over a robust scale of each metric: a request
/// that fell on the other side of a step's boundary must not steer the fit. The minimum is sought by
/// Levenberg's and Marquardt's method, with derivatives from differences wide enough to average
/// over such boundaries.
///
/// Inside, a parameter counts in parts of a step: the factor as it is, host time by what it adds to
/// a mean step, relative to the median measured time between tokens. So all are near one, and one
/// bound, one difference and one tolerance fit all.
struct LatencyFit {
  /// A latency that was measured.
  private struct Row {
    var request: Int
    var metric: LatencyMetric
    var logarithm: Double
  }

  /// Where a fit ended.
  struct Solution {
    var x: [Double]
    var residuals: [Double]
    var loss: Double
    /// Derivatives of the residuals, one column a free parameter.
    var columns: [[Double]]
    /// Of the squared residuals.
    var weights: [Double]
  }

  typealias Replay = (StepParameters) throws -> LogReplay

  /// A parameter's worth of one, in its own unit.
  let units: [Double]
  let hidesHost: Bool
  private let rows: [Row]
  private let replay: Replay

  static let bounds: [ClosedRange<Double>] = [0.2...5, 0...2, 0...2, 0...2]
  private static let difference = 0.015
  private static let mostIterations = 12

  /// - Parameters:
  ///   - measured: what was measured, nil for requests that are not fitted.
  ///   - order: the requests that are fitted, by arrival.
  ///   - start: a replay with default parameters, for the size of a mean step.
  init(
    _ measured: [RequestLatencies?], order: [Int], start: LogReplay, hidesHost: Bool,
    replay: @escaping Replay
  ) {
    rows = order.flatMap { request in
      [LatencyMetric.timeToFirstToken, .timePerOutputToken].compactMap { metric -> Row? in
        guard let value = measured[request]?[metric]?.rawValue, value > 0 else { return nil }
        return Row(request: request, metric: metric, logarithm: log(Double(value)))
      }
    }
    func median(_ metric: LatencyMetric) -> Double? {
      let sorted = order.compactMap { measured[$0]?[metric]?.rawValue }.sorted()
      return sorted.isEmpty ? nil : max(1, Double(sorted[sorted.count / 2]))
    }
    let step = median(.timePerOutputToken) ?? median(.timeToFirstToken) ?? 1e6
    units = [1, step, step / max(1, start.meanSequences), step / max(1, start.meanTokens)]
    self.hidesHost = hidesHost
    self.replay = replay
  }

  /// Fits the free parameters from a start; the others stay as they are there.
  func minimum(from start: [Double], free: [Int]) throws -> Solution {
    var x = start
    var residuals = try self.residuals(x)
    var damping = 1e-3
    var columns: [[Double]] = []
    for _ in 0..<Self.mostIterations {
      let scales = self.scales(residuals)
      let weights = self.weights(residuals, scales)
      columns = try derivatives(at: x, free)
      let loss = self.loss(residuals, scales)
      // At a bound that the loss pushes against there is nowhere to go.
      let moving = free.indices.filter { index in
        let slope = dot(columns[index], residuals, weights)
        let bound = Self.bounds[free[index]]
        return !(x[free[index]] <= bound.lowerBound && slope > 0)
          && !(x[free[index]] >= bound.upperBound && slope < 0)
      }
      var step = 0.0
      var gained = 0.0
      while damping < 1e4, step == 0, !moving.isEmpty {
        var tried = x
        for (index, move) in zip(
          moving, newtonStep(moving.map { columns[$0] }, residuals, weights, damping) ?? [])
        {
          let bound = Self.bounds[free[index]]
          tried[free[index]] = min(
            max(x[free[index]] + move, bound.lowerBound), bound.upperBound)
        }
        let triedResiduals = try self.residuals(tried)
        let triedLoss = self.loss(triedResiduals, scales)
        if triedLoss < loss {
          step = zip(x, tried).map { abs($0 - $1) }.max() ?? 0
          gained = 1 - triedLoss / loss
          (x, residuals) = (tried, triedResiduals)
          damping = max(1e-6, damping / 6)
        } else {
          damping *= 8
        }
      }
      if step < 1e-4 || gained < 1e-4 { break }
    }
    let scales = self.scales(residuals)
    return Solution(
      x: x, residuals: residuals, loss: loss(residuals, scales),
      columns: try derivatives(at: x, free), weights: weights(residuals, scales))
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

  /// Whether a fit is worse than another one of the same rows by more than twice what that difference
  /// varies between stretches of time.
  func isClearlyWorse(_ solution: Solution, than other: Solution) -> Bool {
    let scales = self.scales(solution.residuals)
    let (stretch, count) = stretches
    var differences = [Double](repeating: 0, count: count)
    for (index, row) in rows.enumerated() {
      differences[stretch[index]] +=
        loss(row, solution.residuals[index], scales) - loss(row, other.residuals[index], scales)
    }
    let mean = differences.reduce(0, +) / Double(count)
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return mean > 2 * (squares / Double(count * (count - 1))).squareRoot()
  }

  /// The stretch of time that each row belongs to, and how many there are.
  private var stretches: (of: [Int], count: Int) {
    var place: [Int: Int] = [:]
    for row in rows where place[row.request] == nil { place[row.request] = place.count }
    let count = max(2, min(10, place.count / 5))
    return (rows.map { (place[$0.request] ?? 0) * count / max(1, place.count) }, count)
  }

  /// Standard errors by leaving out a stretch of time at once: neighbours in a queue err together.
  ///
  /// Each stretch's fit is one step from the whole one's minimum, which takes no more replays.
  func standardErrors(_ solution: Solution) -> [Double] {
    let (stretch, stretches) = self.stretches
    let moves = (0..<stretches).compactMap { left in
      newtonStep(
        solution.columns, solution.residuals,
        solution.weights.indices.map { stretch[$0] == left ? 0 : solution.weights[$0] }, 0)
    }
    guard moves.count == stretches else {
      return solution.columns.map { _ in .infinity }
    }
    let count = Double(stretches)
    return solution.columns.indices.map { column in
      let mean = moves.reduce(0) { $0 + $1[column] } / count
      let squares = moves.reduce(0) { $0 + ($1[column] - mean) * ($1[column] - mean) }
      return (squares * (count - 1) / count).squareRoot()
    }
  }

  // MARK: Residuals

  /// Logarithms of replayed over measured; NaN for a request that the replay did not finish.
  private func residuals(_ x: [Double]) throws -> [Double] {
    let replayed = try replay(parameters(x)).latencies
    return rows.map { row in
      guard let value = replayed[row.request]?[row.metric]?.rawValue, value > 0 else { return .nan }
      return log(Double(value)) - row.logarithm
    }
  }

  private func derivatives(at x: [Double], _ free: [Int]) throws -> [[Double]] {
    try free.map { parameter in
      var (low, high) = (x, x)
      let bound = Self.bounds[parameter]
      low[parameter] = max(bound.lowerBound, x[parameter] - Self.difference)
      high[parameter] = min(bound.upperBound, x[parameter] + Self.difference)
      let width = high[parameter] - low[parameter]
      return zip(try residuals(high), try residuals(low)).map {
        let slope = ($0 - $1) / width
        return slope.isFinite ? slope : 0
      }
    }
  }

  /// A robust scale for each metric: what a tenth of a percent or less is worth is noise of clocks.
  private func scales(_ residuals: [Double]) -> [LatencyMetric: Double] {
    var sorted: [LatencyMetric: [Double]] = [:]
    for (row, residual) in zip(rows, residuals) where residual.isFinite {
      sorted[row.metric, default: []].append(abs(residual))
    }
    return sorted.mapValues { max(1e-3, 1.4826 * $0.sorted()[$0.count / 2]) }
  }

  private static let huber = 1.345

  private func weights(_ residuals: [Double], _ scales: [LatencyMetric: Double]) -> [Double] {
    zip(rows, residuals).map { row, residual in
      guard residual.isFinite, let scale = scales[row.metric] else { return 0 }
      return min(1, Self.huber * scale / max(abs(residual), 1e-300)) / (scale * scale)
    }
  }

  private func loss(_ residuals: [Double], _ scales: [LatencyMetric: Double]) -> Double {
    zip(rows, residuals).reduce(0) { $0 + loss($1.0, $1.1, scales) }
  }

  private func loss(
    _ row: Row, _ residual: Double, _ scales: [LatencyMetric: Double]
  ) -> Double {
    guard let scale = scales[row.metric] else { return 0 }
    // What a replay did not finish is as wrong as what is ten scales off.
    let size = residual.isFinite ? abs(residual) / scale : 10
    return size <= Self.huber ? size * size : 2 * Self.huber * size - Self.huber * Self.huber
  }
}
