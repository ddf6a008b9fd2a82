import Operators
import Validation

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// How far a replay is from what was measured: logarithms of replayed over measured TTFT and TPOT, or of
/// end-to-end latency where a request's log tells that alone.
///
/// So a request counts by its ratio, not by its length. The loss is Huber's over a robust scale of
/// each metric: a request that fell on the other side of a step's boundary must not steer a fit.
struct LatencyResiduals {
  private struct Row {
    var request: Int
    var metric: LatencyMetric
    var logarithm: Double
  }

  private let rows: [Row]
  /// The stretch of arrivals that each row belongs to: neighbours in a queue err together.
  let stretchOf: [Int]
  /// How many stretches there are.
  let stretchCount: Int
  /// The median measured time between tokens in nanoseconds, or the best guess at it; nil where only ends
  /// were measured.
  let medianStep: Double?

  /// - Parameters:
  ///   - measured: what was measured, in log order.
  ///   - order: the requests that count, by arrival.
  init(_ measured: [RequestLatencies?], order: [Int]) {
    rows = order.flatMap { request in
      let isWhole = measured[request]?.timeToFirstToken == nil
      let metrics: [LatencyMetric] =
        isWhole ? [.endToEnd] : [.timeToFirstToken, .timePerOutputToken]
      return metrics.compactMap { metric -> Row? in
        guard let value = measured[request]?[metric]?.rawValue, value > 0 else { return nil }
        return Row(request: request, metric: metric, logarithm: log(Double(value)))
      }
    }
    var place: [Int: Int] = [:]
    for row in rows where place[row.request] == nil { place[row.request] = place.count }
    let count = max(2, min(10, place.count / 5))
    stretchOf = rows.map { (place[$0.request] ?? 0) * count / max(1, place.count) }
    stretchCount = count
    func median(_ metric: LatencyMetric) -> Double? {
      let sorted = order.compactMap { measured[$0]?[metric]?.rawValue }.sorted()
      return sorted.isEmpty ? nil : max(1, Double(sorted[sorted.count / 2]))
    }
    medianStep = median(.timePerOutputToken) ?? median(.timeToFirstToken)
  }

  /// The residuals of a replay; NaN for a request that it did not finish.
  func of(_ replayed: [RequestLatencies?]) -> [Double] {
    rows.map { row in
      guard replayed.indices.contains(row.request),
        let value = replayed[row.request]?[row.metric]?.rawValue, value > 0
      else { return .nan }
      return log(Double(value)) - row.logarithm
    }
  }

  /// How each residual grows with each parameter, in units of the parameters.
  func slopes(of replay: LogReplay) -> [SIMD4<Double>] {
    rows.map { row in
      guard replay.latencies.indices.contains(row.request),
        replay.untilFirstToken.indices.contains(row.request),
        replay.afterFirstToken.indices.contains(row.request),
        let latencies = replay.latencies[row.request],
        let first = latencies.timeToFirstToken?.rawValue
      else { return .zero }
      let (until, after) = (
        replay.untilFirstToken[row.request], replay.afterFirstToken[row.request]
      )
      let whole = latencies.endToEnd.rawValue
      switch row.metric {
      case .timeToFirstToken: return until / Double(max(1, first))
      case .timePerOutputToken: return after / Double(max(1, whole - first))
      case .endToEnd: return (until + after) / Double(max(1, whole))
      }
    }
  }

  /// A robust scale for each metric; below a tenth of a percent is the noise of clocks.
  func scales(_ residuals: [Double]) -> [LatencyMetric: Double] {
    var sizes: [LatencyMetric: [Double]] = [:]
    for (row, residual) in zip(rows, residuals) where residual.isFinite {
      sizes[row.metric, default: []].append(abs(residual))
    }
    return sizes.mapValues { max(1e-3, 1.4826 * $0.sorted()[$0.count / 2]) }
  }

  private static let huber = 1.345

  /// The weights of squared residuals that make their sum Huber's loss.
  func weights(_ residuals: [Double], _ scales: [LatencyMetric: Double]) -> [Double] {
    zip(rows, residuals).map { row, residual in
      guard residual.isFinite, let scale = scales[row.metric] else { return 0 }
      return min(1, Self.huber * scale / max(abs(residual), 1e-300)) / (scale * scale)
    }
  }

  /// How badly residuals fit at whatever scale is theirs, a row: half the loss and the logarithm of the
  /// scale (the negative logarithm of Huber's likelihood), without one stretch of time.
  func badness(_ residuals: [Double], without left: Int?) -> Double {
    let scales = self.scales(residuals)
    var (sum, count) = (0.0, 0.0)
    for (index, row) in rows.enumerated() where stretchOf[index] != left {
      sum += loss(row, residuals[index], scales) / 2 + log(scales[row.metric] ?? 1)
      count += 1
    }
    return sum / max(1, count)
  }

  /// The loss of all rows, in squared scales.
  func loss(_ residuals: [Double], _ scales: [LatencyMetric: Double]) -> Double {
    zip(rows, residuals).reduce(0) { $0 + loss($1.0, $1.1, scales) }
  }

  private func loss(_ row: Row, _ residual: Double, _ scales: [LatencyMetric: Double]) -> Double {
    guard let scale = scales[row.metric] else { return 0 }
    // What a replay did not finish is as wrong as what is ten scales off.
    let size = residual.isFinite ? abs(residual) / scale : 10
    return size <= Self.huber ? size * size : 2 * Self.huber * size - Self.huber * Self.huber
  }

  /// Whether residuals are worse than others by more than three times what the difference varies between
  /// stretches of time.
  func isClearlyWorse(_ residuals: [Double], than others: [Double]) -> Bool {
    let scales = self.scales(residuals)
    var differences = [Double](repeating: 0, count: stretchCount)
    for (index, row) in rows.enumerated() {
      differences[stretchOf[index]] +=
        loss(row, residuals[index], scales) - loss(row, others[index], scales)
    }
    let count = Double(stretchCount)
    let mean = differences.reduce(0, +) / count
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return mean > 3 * (squares / (count * (count - 1))).squareRoot()
  }
}
