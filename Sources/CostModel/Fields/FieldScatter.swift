/// How far a field's predictions miss, in units of the covariance's own standard deviation: measured
/// on its own samples, by what is not known of them.
///
/// A covariance has one amplitude for what differs between curves and one for what all of them have
/// along their sizes, and a device need not scatter by both alike. A sample left out alone has samples
/// of other curves at its very size, which say what kernels do there; a size that no curve measured
/// has none, and an operator without a curve has no level of its own. So each is measured apart.
struct FieldScatter: Sendable {
  private let kriging: Kriging
  /// The samples of each curve, in order.
  private let ranges: [Range<Int>]
  /// The coordinates that samples have along the first one, in order.
  private let sizes: [Float]
  /// The coordinate that tells curves slower than those like them, which is 0 of one that nobody measured.
  private let slowFlag: Int?
  /// What holds where too few samples tell.
  private let usual: Double
  private let levels = Memo<Bool, Levels>()

  /// What leaving samples out showed.
  struct Levels: Sendable {
    /// The factor where single samples, or whole curves, are left out.
    var single: Double
    /// The factor where all samples of a size are.
    var size: Double
    /// The error there, which is over gaps twice as wide as those that are left.
    var error = 0.0
  }

  /// Samples that are left out in turn.
  private static let checks = 128
  /// Fewer say nothing.
  private static let fewestChecks = 9
  /// Sizes nearer than this, in octaves, are left out together: the two sides of a tile's edge.
  private static let sameSize: Float = 1.0 / 32

  /// - Parameters:
  ///   - kriging: the field.
  ///   - ranges: its samples, curve by curve; all of them, in order.
  ///   - shape: of the kind, whose factor is taken where the field is too small to tell.
  init(_ kriging: Kriging, _ ranges: [Range<Int>], _ shape: FieldShape) {
    self.kriging = kriging
    self.ranges = ranges
    self.sizes = Set(kriging.places.map { $0[0] }).sorted()
    self.slowFlag = shape.slowFlag
    self.usual = shape.spread
  }

  /// By what the standard deviation of a prediction is multiplied.
  ///
  /// - Parameters:
  ///   - size: the first coordinate of what is predicted.
  ///   - hasCurve: whether any of its curve was measured.
  ///   - variance: the prediction's, by the covariance.
  func factor(at size: Float, hasCurve: Bool, variance: Double) -> Double {
    let levels = measureAlongCurves()
    let distance = Double(distance(to: size))
    var factor = levels.single
    if distance > 0 {
      // Half the gap is taken to lower the error by the root of two at most, as it does where times are
      // rough. A smooth covariance lets it vanish, but noise stays, of which wide gaps say nothing.
      let size = max(levels.size, 0.707 * levels.error / variance.squareRoot())
      factor += distance * (max(factor, size) - factor)
    }
    guard !hasCurve else { return factor }
    return max(factor, self.levels.value(for: false) { withoutCurves() }.single)
  }

  /// What leaving out samples and sizes shows, once measured and then remembered.
  @discardableResult
  func measureAlongCurves() -> Levels { levels.value(for: true) { alongCurves() } }

  /// How far a size lies from the nearest measured one: 1 in the middle of a gap, and beyond the ends.
  private func distance(to size: Float) -> Float {
    let above = firstIndex(in: sizes.indices) { sizes[$0] >= size - 1e-4 }
    guard above < sizes.count else { return 1 }
    guard sizes[above] > size + 1e-4 else { return 0 }
    guard above > 0 else { return 1 }
    return 2 * min(size - sizes[above - 1], sizes[above] - size) / (sizes[above] - sizes[above - 1])
  }
}

// MARK: - Leaving out

extension FieldScatter {
  /// Errors of samples that were left out, as logarithms.
  private struct Errors {
    var errors: [Double] = []
    /// The same in units of the covariance's standard deviation.
    var ratios: [Double] = []

    mutating func add(_ estimate: Kriging.Estimate?, _ value: Double) {
      guard let estimate, estimate.variance > 0 else { return }
      errors.append(abs(estimate.mean - value))
      ratios.append(errors[errors.count - 1] / estimate.variance.squareRoot())
    }

    /// Such that nine of ten lie inside their 90 % interval; nil where too few tell.
    var factor: Double? {
      ratios.count < fewestChecks ? nil : max(0.02, ninetieth(of: ratios) / 1.645)
    }
  }

  /// Leaves out samples, and all samples of their sizes, from what one search finds.
  private func alongCurves() -> Levels {
    var (alone, size) = (Errors(), Errors())
    let places = kriging.places
    for (sample, isInner) in checked {
      let (place, value) = (places[sample], kriging.values[sample])
      let near = kriging.neighbours(of: place)
      alone.add(kriging.estimate(at: place, from: near.filter { $0 != sample }), value)
      guard isInner else { continue }
      let others = near.filter { abs(places[$0][0] - place[0]) > Self.sameSize }
      size.add(kriging.estimate(at: place, from: others), value)
    }
    let single = alone.factor ?? usual
    guard let factor = size.factor else { return Levels(single: single, size: max(single, usual)) }
    return Levels(single: single, size: factor, error: ninetieth(of: size.errors) / 1.645)
  }

  /// Leaves out the whole curves of samples.
  private func withoutCurves() -> Levels {
    var errors = Errors()
    for (sample, _) in checked {
      let range = ranges[firstIndex(in: ranges.indices) { ranges[$0].upperBound > sample }]
      var place = kriging.places[sample]
      if let slowFlag { place[slowFlag] = 0 }
      let near = kriging.neighbours(of: place).filter { !range.contains($0) }
      errors.add(kriging.estimate(at: place, from: near), kriging.values[sample])
    }
    let factor = errors.factor ?? usual
    return Levels(single: factor, size: factor)
  }

  /// Evenly spread samples, and whether each lies between two others of its curve along the first
  /// coordinate.
  private var checked: [(sample: Int, isInner: Bool)] {
    let places = kriging.places
    let count = min(places.count, Self.checks)
    return (0..<count).map { check in
      let sample = goldenPlace(check, of: count, in: places.count)
      let range = ranges[firstIndex(in: ranges.indices) { ranges[$0].upperBound > sample }]
      let isInner =
        sample > range.lowerBound && sample + 1 < range.upperBound
        && places[sample - 1][1] == places[sample][1]
        && places[sample + 1][1] == places[sample][1]
      return (sample, isInner)
    }
  }

  /// The first index from which on something holds, or the end.
  private func firstIndex(in range: Range<Int>, where holds: (Int) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
