internal import Analytical
internal import OperatorStore
internal import Operators

/// A curve's distinct points, each with its neighbours along every axis: what tells a point that
/// stands alone from a step that goes on.
struct CurveLines: Sendable {
  /// A distinct point with all that was measured there.
  struct Place: Sendable {
    var point: AxisPoint
    /// Its samples, by their places in ``CurveLines/order``.
    var samples: Range<Int>
    /// The logarithm of its time in nanoseconds, samples weighed by count as a fit weighs them.
    var logTime: Double
    /// The same of the roofline plus the launch; 0 for operators of unknown work, which are then
    /// judged by their times alone.
    var logAnchor: Double
    /// The shortest possible time in nanoseconds; 0 for operators of unknown work.
    var light: Double

    var logRatio: Double { logTime - logAnchor }
  }

  /// The places beside one along an axis, all other sizes being the same.
  struct Neighbours: Sendable {
    var axis: Int
    var below: Int?
    var above: Int?
  }

  /// The places before and behind each one along an axis; -1 where there is none.
  private struct Line: Sendable {
    var axis: Int
    var below: [Int32]
    var above: [Int32]
  }

  /// The points, in the order of their axes.
  private(set) var places: [Place] = []
  /// The samples that have a time, by their places in the curve, in the order of their points.
  private var order: [Int] = []
  private var lines: [Line] = []

  /// Finds the points and their neighbours; samples without a time are left out.
  ///
  /// - Complexity: O(*s* · log *s*) for *s* samples; O(*s*) along one axis where they are in order.
  init(_ curve: MeasuredCurve, on device: Device) {
    let op = curve.operator
    let samples = curve.samples
    order = samples.indices.filter {
      samples[$0].duration.median > 0 && samples[$0].duration.median.isFinite
    }
    if !zip(order, order.dropFirst()).allSatisfy({
      !samples[$1].point.precedes(samples[$0].point)
    }) {
      order.sort {
        samples[$0].point.precedes(samples[$1].point)
          || (samples[$0].point == samples[$1].point && $0 < $1)
      }
    }
    let (law, roofline) = (WorkLaw(op), Roofline(device, op.dataType))
    places.reserveCapacity(order.count)
    var weight = 0.0
    for (index, sample) in order.enumerated() {
      let (point, duration) = (samples[sample].point, samples[sample].duration)
      let count = Double(duration.count)
      let logTime = logarithm(duration.median)
      if let last = places.indices.last, places[last].point == point {
        weight += count
        places[last].samples = places[last].samples.lowerBound..<(index + 1)
        places[last].logTime += (logTime - places[last].logTime) * count / weight
        continue
      }
      weight = count
      let light = law.map { roofline.nanoseconds($0.work(at: point)) }
      places.append(
        Place(
          point: point, samples: index..<(index + 1), logTime: logTime,
          logAnchor: light.map { logarithm($0 + device.launchFloor) } ?? 0, light: light ?? 0))
    }
    guard let first = places.first else { return }
    let axes = (0..<4).filter { axis in
      places.contains { $0.point.values[axis] != first.point.values[axis] }
    }
    for axis in axes { lines.append(line(along: axis, isLast: axis == axes.last)) }
  }

  /// The samples of a place, by their places in the curve.
  func samples(at place: Int) -> ArraySlice<Int> { order[places[place].samples] }

  /// Joins the places that differ along one axis only.
  ///
  /// - Parameter isLast: whether the places are the same along all axes behind it.
  private func line(along axis: Int, isLast: Bool) -> Line {
    var line = Line(
      axis: axis, below: [Int32](repeating: -1, count: places.count),
      above: [Int32](repeating: -1, count: places.count))
    func others(_ place: Int) -> SIMD8<Int64> {
      var values = places[place].point.values
      values[axis] = 0
      return values
    }
    func join(_ below: Int, _ above: Int) {
      line.below[above] = Int32(below)
      line.above[below] = Int32(above)
    }
    // In order: the places are, and on a line nothing but this axis differs.
    if isLast {
      for place in places.indices.dropFirst() where others(place - 1) == others(place) {
        join(place - 1, place)
      }
    } else {
      var last: [SIMD8<Int64>: Int] = [:]
      for place in places.indices {
        if let below = last.updateValue(place, forKey: others(place)) { join(below, place) }
      }
    }
    return line
  }

  /// The neighbours of a place along each axis on which it has any.
  func neighbours(of place: Int) -> [Neighbours] {
    lines.compactMap { line in
      let beside = Self.neighbours(of: place, line)
      return beside.below ?? beside.above == nil ? nil : beside
    }
  }

  @inline(__always)
  private static func neighbours(of place: Int, _ line: Line) -> Neighbours {
    let (below, above) = (Int(line.below[place]), Int(line.above[place]))
    return Neighbours(
      axis: line.axis, below: below < 0 ? nil : below, above: above < 0 ? nil : above)
  }

  /// How far a place stands above both neighbours, as a logarithm: the least of all axes along
  /// which it has two, in time and in ratio to the anchor; nil where it has two along none.
  ///
  /// In both, because either alone rises at a step that is true: after a tile's edge the ratio
  /// falls back while the time stays, and the time of any larger size is above that of a smaller.
  func height(of place: Int) -> Double? {
    var least: Double?
    for line in lines {
      let beside = Self.neighbours(of: place, line)
      guard let below = beside.below, let above = beside.above else { continue }
      let rise = min(rise(from: below, to: place), rise(from: above, to: place))
      least = min(least ?? rise, rise)
    }
    return least
  }

  private func rise(from other: Int, to place: Int) -> Double {
    min(
      places[place].logTime - places[other].logTime,
      places[place].logRatio - places[other].logRatio)
  }

  /// The logarithm of the time that the neighbours let expect at a place: the ratio on the line
  /// between two of them, or that of the only one, averaged over the axes; nil without any.
  func expectedLogTime(at place: Int) -> Double? {
    var (sum, count) = (0.0, 0.0)
    for beside in neighbours(of: place) {
      if let between = logRatio(between: beside, at: place) {
        sum += between.logRatio
      } else if let only = beside.below ?? beside.above {
        sum += places[only].logRatio
      }
      count += 1
    }
    return count > 0 ? sum / count + places[place].logAnchor : nil
  }

  /// Each place's distance from the line between its two neighbours along each axis, divided by
  /// what it would be on average if each ratio were off by one: samples of the noise.
  var deviations: [Double] {
    var deviations: [Double] = []
    for line in lines {
      for place in places.indices {
        let beside = Self.neighbours(of: place, line)
        guard let (between, share) = logRatio(between: beside, at: place) else { continue }
        let spread = (1 + share * share + (1 - share) * (1 - share)).squareRoot()
        deviations.append((places[place].logRatio - between) / spread)
      }
    }
    return deviations
  }

  /// The log ratio on the line between two neighbours, and the upper one's share in it.
  private func logRatio(
    between beside: Neighbours, at place: Int
  ) -> (logRatio: Double, share: Double)? {
    guard let below = beside.below, let above = beside.above else { return nil }
    func coordinate(_ place: Int) -> Double {
      logCoordinate(Double(places[place].point[beside.axis]))
    }
    let share = (coordinate(place) - coordinate(below)) / (coordinate(above) - coordinate(below))
    return (places[below].logRatio * (1 - share) + places[above].logRatio * share, share)
  }
}
