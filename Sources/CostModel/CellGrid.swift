/// Measured times over up to four sizes, interpolated between the corners of the cell around a query.
///
/// The measured points span a grid: all values seen along each axis. Inside, time and an anchor are both
/// multilinear in the sizes themselves, and the ratio of the two is that of the query to its own anchor:
/// what grows with a product of sizes is met exactly, and what grows with a square as the anchor does.
/// The anchor has no knees: arithmetic and traffic added up, where the roofline takes the longer. Outside,
/// the ratio is held, and the anchor carries the growth. (Tried and worse on the layer tables of two GPUs:
/// the logarithm of the ratio to the roofline, over log sizes.)
///
/// A sweep leaves grid points out: what does not fit in memory, or, of two sweeps, the points of the
/// one between those of the other. Such a hole is filled from the measured points on either side of
/// it along each axis; where an axis has none, with the ratio of the nearest measured point. Both
/// widen the doubt, and the latter counts as extrapolated.
///
/// Not a spline: at tile edges times jump, and splines overshoot there.
struct CellGrid: Sendable {
  /// One measured point.
  struct Point {
    /// Along each axis.
    var sizes: [Int]
    var nanoseconds: Double
    /// The relative standard error of the measurement itself.
    var noise: Double
  }

  /// What a time is divided by before it is held beyond the samples, at sizes along the axes; in
  /// nanoseconds, above zero.
  typealias Anchor = (SIMD4<Double>) -> Double

  /// Sorted sizes along each axis.
  private let axes: [[Double]]
  /// The same as coordinates in which distances are measured.
  private let coordinates: [[Double]]
  /// The cells from one value of an axis to the next; the last axis is fastest.
  private let strides: [Int]
  /// In nanoseconds, for each grid point.
  private var times: [Double]
  /// The same of the anchor.
  private let anchors: [Double]
  /// Relative standard errors of ``times``.
  private var noises: [Double]
  /// For each grid point the distance in octaves to the measured point whose ratio it holds.
  private var distances: [Double]
  /// Which grid points were measured.
  private let measured: [Bool]
  /// Whether grid points are the measured ones, and not rounded together.
  private let isFine: Bool
  /// Typical error of interpolation: each point against its neighbours along one axis.
  private(set) var spread = 0.0
  /// The standard error of the line from each grid value to the next, along each axis.
  private var doubts: [[Double]] = []

  /// Grids larger than this are coarsened.
  private static let largestGrid = 1 << 17
  /// By what coordinates are rounded, the first that makes the grid small enough.
  private static let resolutions = [0, 1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1, 2, 4]

  /// Creates a grid, or nil without points.
  ///
  /// - Parameters:
  ///   - points: all with as many sizes.
  ///   - anchor: what a query's ratio will be multiplied by.
  /// - Complexity: O(*p* · log *p* + *g*) for *p* points on a grid of *g*.
  init?(_ points: [Point], anchor: Anchor) {
    guard let dimensions = points.first?.sizes.count, (1...4).contains(dimensions) else {
      return nil
    }
    func coordinate(_ size: Int, _ resolution: Double) -> Double {
      let value = logCoordinate(Double(size))
      return resolution == 0 ? value : (value / resolution).rounded() * resolution
    }
    func distinct(_ resolution: Double) -> [[Double]] {
      (0..<dimensions).map { axis in
        Set(points.map { coordinate($0.sizes[axis], resolution) }).sorted()
      }
    }
    let resolution =
      Self.resolutions.first { distinct($0).reduce(1) { $0 * $1.count } <= Self.largestGrid } ?? 8
    let coordinates = distinct(resolution)
    let count = coordinates.reduce(1) { $0 * $1.count }
    var strides = [Int](repeating: 1, count: dimensions)
    for axis in (0..<dimensions - 1).reversed() {
      strides[axis] = strides[axis + 1] * coordinates[axis + 1].count
    }
    var logTimes = [Double](repeating: 0, count: count)
    var noises = logTimes
    var counts = logTimes
    for point in points {
      var cell = 0
      for axis in 0..<dimensions {
        let value = coordinate(point.sizes[axis], resolution)
        cell += strides[axis] * position(of: value, in: coordinates[axis]).low
      }
      logTimes[cell] += logarithm(point.nanoseconds)
      noises[cell] += point.noise
      counts[cell] += 1
    }
    self.coordinates = coordinates
    self.axes = coordinates.enumerated().map { axis, values in
      guard resolution == 0 else { return values.map { max(0, exponential($0) - 1) } }
      // The sizes as they are: a logarithm and back is not exact.
      let sizes = points.map { max(0, Double($0.sizes[axis])) }
      let exact = Dictionary(zip(sizes.map(logCoordinate), sizes)) { min($0, $1) }
      return values.map { exact[$0] ?? exponential($0) - 1 }
    }
    self.strides = strides
    self.measured = counts.map { $0 > 0 }
    self.isFine = resolution == 0
    self.noises = zip(noises, counts).map { $1 > 0 ? $0 / $1 : 0 }
    self.distances = counts.map { $0 > 0 ? 0 : .infinity }
    self.times = zip(logTimes, counts).map { $1 > 0 ? exponential($0 / $1) : 0 }
    let axes = axes
    self.anchors = (0..<count).map { cell in
      var place = SIMD4<Double>.zero
      for axis in axes.indices { place[axis] = axes[axis][cell / strides[axis] % axes[axis].count] }
      return anchor(place)
    }
    let curvatures = (0..<dimensions).map { curvature(along: $0) }
    fillBetween(curvatures)
    holdBeyond()
    measureDoubts()
  }

  private func index(of cell: Int, along axis: Int) -> Int {
    cell / strides[axis] % axes[axis].count
  }
}

// MARK: - Prediction

extension CellGrid {
  /// The ratio to the anchor at a place, given by one size an axis.
  func value(at place: SIMD4<Double>) -> GridValue {
    var lower = SIMD4<Int>.zero
    var fraction = SIMD4<Double>.zero
    var outside = 0.0
    for axis in axes.indices {
      let (values, wanted) = (axes[axis], place[axis])
      let last = values.count - 1
      (lower[axis], fraction[axis]) = position(of: wanted, in: values)
      if wanted <= values[0] {
        outside += coordinates[axis][0] - logCoordinate(wanted)
      } else if wanted >= values[last] {
        outside += logCoordinate(wanted) - coordinates[axis][last]
      }
    }
    var (time, anchor) = (0.0, 0.0)
    var noise = 0.0
    var held = 0.0
    var gap = 0.0
    for axis in axes.indices where fraction[axis] > 0 {
      gap = max(gap, doubts[axis][lower[axis]])
    }
    for corner in 0..<(1 << axes.count) {
      var weight = 1.0
      var cell = 0
      for axis in axes.indices {
        let upper = corner >> axis & 1
        weight *= upper == 1 ? fraction[axis] : 1 - fraction[axis]
        cell += strides[axis] * min(lower[axis] + upper, axes[axis].count - 1)
      }
      guard weight > 0 else { continue }
      time += weight * times[cell]
      anchor += weight * anchors[cell]
      noise += weight * noises[cell]
      held += weight * distances[cell]
    }
    let distance = outside / logarithm(2) + held
    let isExact = isFine && fraction == .zero && distance == 0 && measured[cell(at: lower)]
    // At a point doubt is the measurement's own noise and part of what leaving points out showed, for
    // what repetitions in one run do not show; between points that of the longest line. Beyond the samples
    // it grows with the distance.
    if gap == 0 { gap = (isExact ? 0.375 : 0.75) * spread }
    let beyond = 0.15 * distance
    return GridValue(
      ratio: time / anchor,
      errors: SIMD2(repeating: (noise * noise + gap * gap + beyond * beyond).squareRoot()),
      evidence: isExact ? .measured : distance > 0 ? .extrapolated : .interpolated)
  }

  /// The measured corners of the cell around a place, each with its sizes, its time in nanoseconds and its weight.
  func corners(around place: SIMD4<Double>) -> [(
    sizes: SIMD4<Double>, time: Double, weight: Double
  )] {
    let places = axes.indices.map { position(of: place[$0], in: axes[$0]) }
    return (0..<(1 << axes.count)).compactMap { corner in
      var (weight, cell, sizes) = (1.0, 0, SIMD4<Double>.zero)
      for axis in axes.indices {
        let upper = corner >> axis & 1
        weight *= upper == 1 ? places[axis].fraction : 1 - places[axis].fraction
        let index = min(places[axis].low + upper, axes[axis].count - 1)
        cell += strides[axis] * index
        sizes[axis] = axes[axis][index]
      }
      return weight > 0 && measured[cell] ? (sizes, times[cell], weight) : nil
    }
  }

  private func cell(at indices: SIMD4<Int>) -> Int {
    axes.indices.reduce(0) { $0 + strides[$1] * indices[$1] }
  }

  /// The measured sizes around `size` along the first axis, for explanations.
  func neighbours(of size: Double) -> (below: Double?, above: Double?) {
    (axes[0].last { $0 <= size }, axes[0].first { $0 > size })
  }
}

// MARK: - Holes

extension CellGrid {
  /// How far inner points lie from the line between their neighbours, relative to a gap of one octave:
  /// the error of a line grows with the square of its length.
  private func curvature(along axis: Int) -> Double {
    let errors = deviations(along: axis).map { $0.error / ($0.gap * $0.gap) }.sorted()
    guard !errors.isEmpty else { return 0.05 }
    return max(1e-4, errors[errors.count * 2 / 3])
  }

  /// Fills holes that have known points on both sides along some axis, from the lines between these,
  /// each by the doubt of its line; then holes that have filled ones beside them.
  private mutating func fillBetween(_ curvature: [Double]) {
    var isKnown = measured
    while true {
      var sums = [Double](repeating: 0, count: times.count)
      var weights = sums
      var doubts = sums
      for axis in axes.indices where axes[axis].count > 2 {
        let (sizes, logs, stride) = (axes[axis], coordinates[axis], strides[axis])
        for first in times.indices where index(of: first, along: axis) == 0 {
          var low = -1
          for high in sizes.indices where isKnown[first + high * stride] {
            defer { low = high }
            guard low >= 0, high - low > 1 else { continue }
            let (below, above) = (first + low * stride, first + high * stride)
            let gap = (logs[high] - logs[low]) / logarithm(2)
            let line = curvature[axis] * gap * gap
            let end = max(noises[below], noises[above])
            let weight = 1 / (line * line + end * end)
            for hole in (low + 1)..<high {
              let fraction = (sizes[hole] - sizes[low]) / (sizes[high] - sizes[low])
              let cell = first + hole * stride
              sums[cell] += weight * logarithm(time(between: below, above, fraction, at: cell))
              weights[cell] += weight
              doubts[cell] += weight.squareRoot()
            }
          }
        }
      }
      var filled = false
      for cell in times.indices where weights[cell] > 0 {
        times[cell] = exponential(sums[cell] / weights[cell])
        // The mean doubt: lines that end in one sweep's measurements do not err apart.
        noises[cell] = doubts[cell] / weights[cell]
        distances[cell] = 0
        isKnown[cell] = true
        filled = true
      }
      if !filled { return }
    }
  }

  /// Gives every grid point that is still unknown the ratio of the nearest that is known, by the sum
  /// of distances along the axes: one sweep forth and back along each axis in turn is exact
  /// (Rosenfeld and Pfaltz, 1968).
  private mutating func holdBeyond() {
    guard distances.contains(.infinity) else { return }
    let isHeld = distances.map { $0 == .infinity }
    for axis in axes.indices.reversed() {
      let (logs, stride) = (coordinates[axis], strides[axis])
      func relax(_ cell: Int, from other: Int, _ gap: Double) {
        guard distances[other] + gap < distances[cell] else { return }
        distances[cell] = distances[other] + gap
        times[cell] = times[other] / anchors[other] * anchors[cell]
        noises[cell] = noises[other]
      }
      for cell in times.indices {
        let index = index(of: cell, along: axis)
        if index > 0 { relax(cell, from: cell - stride, logs[index] - logs[index - 1]) }
      }
      for cell in times.indices.reversed() {
        let index = index(of: cell, along: axis)
        if index < logs.count - 1 {
          relax(cell, from: cell + stride, logs[index + 1] - logs[index])
        }
      }
    }
    for cell in distances.indices where isHeld[cell] { distances[cell] /= logarithm(2) }
  }

  /// Measures how far lines between points err, by leaving out the points between two others: one, and
  /// for how fast errors grow with a line's length three in a row. They grow with its square where times
  /// are smooth, and hardly where noise or jumps are all there is.
  private mutating func measureDoubts() {
    let single = axes.indices.map { deviations(along: $0) }
    let all = single.flatMap { $0 }
    guard !all.isEmpty else {
      spread = 0.15
      doubts = axes.map { $0.map { _ in 0.75 * 0.15 } }
      return
    }
    spread = Self.deviation(all.map(\.error))
    let several = axes.indices.flatMap { deviations(along: $0, leaving: 2) }
    let power = Self.growth(all, several)
    /// Relative to a line of one octave.
    func scale(_ deviations: [(error: Double, gap: Double)]) -> Double {
      Self.deviation(deviations.map { $0.error / exponential(power * logarithm($0.gap)) })
    }
    let pooled = scale(all)
    doubts = axes.indices.map { axis in
      let own = single[axis].count < Self.fewestDeviations ? pooled : scale(single[axis])
      let logs = coordinates[axis]
      return logs.indices.map { index in
        guard index + 1 < logs.count else { return own }
        let octaves = (logs[index + 1] - logs[index]) / logarithm(2)
        return own * exponential(power * logarithm(octaves))
      }
    }
  }

  /// Fewer deviations along an axis tell less of it than those along all do.
  private static let fewestDeviations = 10

  /// The power of a line's length with which errors grow.
  private static func growth(
    _ single: [(error: Double, gap: Double)], _ several: [(error: Double, gap: Double)]
  ) -> Double {
    guard min(single.count, several.count) >= fewestDeviations else { return 0.5 }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    let lengths = logarithm(median(several.map(\.gap)) / median(single.map(\.gap)))
    let (few, many) = (deviation(single.map(\.error)), deviation(several.map(\.error)))
    guard lengths > 0.1, few > 0 else { return 0.5 }
    return min(1.5, max(0.25, logarithm(many / few) / lengths))
  }

  /// The standard deviation of errors by their 90th percentile, so that 90 % lie inside the 90 % interval:
  /// a root mean square is that of the few worst. Of few errors a larger one (``ninetieth(of:)``).
  private static func deviation(_ errors: [Double]) -> Double { ninetieth(of: errors) / 1.645 }

  /// The time at a grid point, from two others on a line with it.
  private func time(between low: Int, _ high: Int, _ fraction: Double, at cell: Int) -> Double {
    let time = times[low] + fraction * (times[high] - times[low])
    let anchor = anchors[low] + fraction * (anchors[high] - anchors[low])
    return anchors[cell] * time / anchor
  }

  /// How far measured points lie from the line between measured points on either side of them, as a
  /// part of themselves, with the octaves between these.
  ///
  /// - Parameter count: which point on either side: the first one, or a farther one.
  private func deviations(
    along axis: Int, leaving count: Int = 1
  ) -> [(error: Double, gap: Double)] {
    let (sizes, logs, stride) = (axes[axis], coordinates[axis], strides[axis])
    guard sizes.count > 2 else { return [] }
    var found: [(error: Double, gap: Double)] = []
    for first in times.indices where index(of: first, along: axis) == 0 {
      let line = sizes.indices.filter { measured[first + $0 * stride] }
      guard line.count > 2 * count else { continue }
      for (low, (middle, high)) in zip(line, zip(line.dropFirst(count), line.dropFirst(2 * count)))
      {
        let fraction = (sizes[middle] - sizes[low]) / (sizes[high] - sizes[low])
        let cell = first + middle * stride
        let time = time(
          between: first + low * stride, first + high * stride, fraction, at: cell)
        found.append(
          (
            error: abs(time / times[cell] - 1),
            gap: (logs[high] - logs[low]) / logarithm(2)
          ))
      }
    }
    return found
  }
}
