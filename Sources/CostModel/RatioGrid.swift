/// Ratios of measured to attainable time over up to four sizes, interpolated in log space.
///
/// The measured points span a grid: all values seen along each axis. A query is answered from the
/// corners of the cell around it by multilinear interpolation of log ratios: local, and never
/// beyond the values at the corners. Grid points that were not measured (a sweep leaves out what
/// does not fit in memory) hold the ratio of the nearest measured point; queries outside hold the
/// ratio of the boundary. Both are told by ``Value/distance``.
///
/// Not a spline: at tile edges the ratios jump, and splines overshoot there.
struct RatioGrid: Sendable {
  /// One measured point.
  struct Point {
    var coordinates: [Double]
    var logRatio: Double
    /// The relative standard error of the measurement itself.
    var noise: Double
  }

  /// An interpolated ratio.
  struct Value {
    var logRatio: Double
    /// Relative standard error.
    var error: Double
    /// What the ratio rests on.
    var evidence: Evidence
  }

  /// A grid point whose ratio was predicted from a field, or measured.
  struct Knot {
    var logRatio: Double
    /// Relative standard error.
    var error: Double
    var evidence: Evidence
  }

  /// Sorted coordinates along each axis.
  private var axes: [[Double]]
  /// Log ratios, the last axis fastest.
  private var ratios: [Double]
  /// For each grid point the distance in octaves to the measured point that it holds.
  private var distances: [Double]
  private var noises: [Double]
  /// Whether grid points are the measured ones, and not rounded together.
  private let isFine: Bool
  /// For a grid of knots, what each rests on; else empty.
  private var evidence: [Evidence] = []
  /// Typical error of interpolation: each point against its neighbours along one axis.
  private(set) var spread: Double

  /// Grids larger than this are coarsened.
  private static let largestGrid = 1 << 17
  /// By what coordinates are rounded, the first that makes the grid small enough.
  private static let resolutions = [0, 1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1, 2, 4]

  /// Creates a grid, or nil without points.
  ///
  /// - Complexity: O(*p* · log *p* + *g*) for *p* points on a grid of *g*.
  init?(_ points: [Point]) {
    guard let dimensions = points.first?.coordinates.count, dimensions > 0 else { return nil }
    func distinct(_ resolution: Double) -> [[Double]] {
      (0..<dimensions).map { axis in
        Set(points.map { Self.rounded($0.coordinates[axis], resolution) }).sorted()
      }
    }
    let resolution =
      Self.resolutions.first { distinct($0).reduce(1) { $0 * $1.count } <= Self.largestGrid } ?? 8
    let axes = distinct(resolution)
    let size = axes.reduce(1) { $0 * $1.count }
    var sums = [Double](repeating: 0, count: size)
    var noises = [Double](repeating: 0, count: size)
    var counts = [Double](repeating: 0, count: size)
    for point in points {
      var cell = 0
      for axis in 0..<dimensions {
        let value = Self.rounded(point.coordinates[axis], resolution)
        cell = cell * axes[axis].count + (axes[axis].firstIndex(of: value) ?? 0)
      }
      sums[cell] += point.logRatio
      noises[cell] += point.noise
      counts[cell] += 1
    }
    self.axes = axes
    self.ratios = sums
    self.noises = noises
    self.distances = [Double](repeating: 0, count: size)
    self.spread = 0
    self.isFine = resolution == 0
    let measured = (0..<size).filter { counts[$0] > 0 }
    for cell in measured {
      ratios[cell] /= counts[cell]
      self.noises[cell] /= counts[cell]
    }
    fillHoles(measured: counts.map { $0 > 0 })
    self.spread = leaveOneOutSpread(measured: counts.map { $0 > 0 })
  }

  /// Creates a grid of knots, whose errors say what interpolation between them errs, too.
  ///
  /// - Parameters:
  ///   - axes: sorted coordinates along each axis.
  ///   - knots: one for each point of the grid, the last axis fastest.
  init(axes: [[Double]], knots: [Knot]) {
    self.axes = axes
    self.ratios = knots.map(\.logRatio)
    self.noises = knots.map(\.error)
    self.evidence = knots.map(\.evidence)
    self.distances = [Double](repeating: 0, count: knots.count)
    self.isFine = true
    self.spread = 0
  }

  /// The ratio at a place, given by one coordinate an axis.
  func value(at place: SIMD4<Double>) -> Value {
    var lower = SIMD4<Int>.zero
    var fraction = SIMD4<Double>.zero
    var outside = 0.0
    for axis in axes.indices {
      let values = axes[axis]
      let wanted = place[axis]
      let last = values.count - 1
      guard wanted > values[0] else {
        outside += values[0] - wanted
        continue
      }
      guard wanted < values[last] else {
        outside += wanted - values[last]
        lower[axis] = last
        continue
      }
      var (low, high) = (0, last)
      while high - low > 1 {
        let middle = (low + high) / 2
        if values[middle] <= wanted { low = middle } else { high = middle }
      }
      lower[axis] = low
      fraction[axis] = (wanted - values[low]) / (values[low + 1] - values[low])
    }
    var logRatio = 0.0
    var noise = 0.0
    var held = 0.0
    var worst = Evidence.measured
    for corner in 0..<(1 << axes.count) {
      var weight = 1.0
      var cell = 0
      for axis in axes.indices {
        let upper = corner >> axis & 1
        weight *= upper == 1 ? fraction[axis] : 1 - fraction[axis]
        cell = cell * axes[axis].count + min(lower[axis] + upper, axes[axis].count - 1)
      }
      guard weight > 0 else { continue }
      logRatio += weight * ratios[cell]
      noise += weight * noises[cell]
      held += weight * distances[cell]
      if !evidence.isEmpty { worst = max(worst, evidence[cell]) }
    }
    let distance = outside / logarithm(2) + held
    let isExact = isFine && fraction == .zero && distance == 0
    // Between points doubt is what leaving points out showed; at a point it is the measurement's
    // own noise and half of that, for what repetitions in one run do not show. Beyond the samples
    // it grows with the distance.
    let gap = isExact ? spread / 2 : spread
    let beyond = 0.15 * distance
    let own: Evidence = isExact ? .measured : distance > 0 ? .extrapolated : .interpolated
    return Value(
      logRatio: logRatio, error: (noise * noise + gap * gap + beyond * beyond).squareRoot(),
      evidence: max(own, worst))
  }

  /// The coordinates of the measured values around `place` along `axis`, for explanations.
  func neighbours(of place: Double, axis: Int) -> (below: Double?, above: Double?) {
    (axes[axis].last { $0 <= place }, axes[axis].first { $0 > place })
  }

  /// Gives every grid point that was not measured the ratio of the nearest that was, by the sum
  /// of distances along the axes: one sweep forth and back along each axis in turn is exact
  /// (Rosenfeld and Pfaltz, 1968).
  private mutating func fillHoles(measured: [Bool]) {
    for cell in measured.indices where !measured[cell] { distances[cell] = .infinity }
    var stride = 1
    for axis in axes.indices.reversed() {
      let values = axes[axis]
      func relax(_ cell: Int, from other: Int, _ gap: Double) {
        guard distances[other] + gap < distances[cell] else { return }
        distances[cell] = distances[other] + gap
        ratios[cell] = ratios[other]
        noises[cell] = noises[other]
      }
      for cell in measured.indices {
        let index = cell / stride % values.count
        if index > 0 { relax(cell, from: cell - stride, values[index] - values[index - 1]) }
      }
      for cell in measured.indices.reversed() {
        let index = cell / stride % values.count
        if index < values.count - 1 {
          relax(cell, from: cell + stride, values[index + 1] - values[index])
        }
      }
      stride *= values.count
    }
    for cell in distances.indices { distances[cell] /= logarithm(2) }
  }

  /// The standard deviation that inner points' distances from the line between their neighbours show:
  /// what interpolation over a gap twice as wide would err. Of their 90th percentile, so that 90 % lie
  /// inside the 90 % interval: a root mean square is that of the few worst.
  private func leaveOneOutSpread(measured: [Bool]) -> Double {
    var squares: [Double] = []
    var stride = 1
    for axis in axes.indices.reversed() {
      let values = axes[axis]
      if values.count > 2 {
        for cell in measured.indices {
          let index = cell / stride % values.count
          guard index > 0, index < values.count - 1,
            measured[cell], measured[cell - stride], measured[cell + stride]
          else { continue }
          let fraction =
            (values[index] - values[index - 1]) / (values[index + 1] - values[index - 1])
          let between =
            ratios[cell - stride] * (1 - fraction) + ratios[cell + stride] * fraction
          squares.append((ratios[cell] - between) * (ratios[cell] - between))
        }
      }
      stride *= values.count
    }
    guard !squares.isEmpty else { return 0.15 }
    squares.sort()
    return squares[squares.count * 9 / 10].squareRoot() / 1.645
  }

  private static func rounded(_ value: Double, _ resolution: Double) -> Double {
    resolution == 0 ? value : (value / resolution).rounded() * resolution
  }
}
