internal import Analytical
internal import OperatorStore
internal import Operators

/// A curve's distinct points, each with its neighbours along every axis: what tells a point that
/// stands alone from a step that goes on.
struct CurveLines: Sendable {
  /// A distinct point with all that was measured there.
  struct Place: Sendable {
    var point: AxisPoint
    /// Its samples, by their places in the curve.
    var samples: [Int]
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

  /// The points, in the order of their axes.
  private(set) var places: [Place] = []
  /// For each place its neighbours along each axis on which it has any.
  private(set) var neighbours: [[Neighbours]] = []

  /// Finds the points and their neighbours; samples without a time are left out.
  ///
  /// - Complexity: O(*s* · log *s*) for *s* samples; O(*s*) along one axis where they are in order.
  init(_ curve: MeasuredCurve, on device: Device) {
    let op = curve.operator
    let samples = curve.samples
    var order = Array(samples.indices)
    if !zip(order, order.dropFirst()).allSatisfy({
      !Self.precedes(samples[$1].point, samples[$0].point)
    }) {
      order.sort {
        Self.precedes(samples[$0].point, samples[$1].point)
          || (samples[$0].point == samples[$1].point && $0 < $1)
      }
    }
    var weight = 0.0
    for index in order {
      let (point, duration) = (samples[index].point, samples[index].duration)
      guard duration.median > 0, duration.median.isFinite else { continue }
      let count = Double(duration.count)
      let logTime = logarithm(duration.median)
      if let last = places.indices.last, places[last].point == point {
        weight += count
        places[last].samples.append(index)
        places[last].logTime += (logTime - places[last].logTime) * count / weight
        continue
      }
      weight = count
      let light = OperatorWork(op, at: point).map { device.speedOfLight($0, op.dataType) }
      places.append(
        Place(
          point: point, samples: [index], logTime: logTime,
          logAnchor: light.map { logarithm($0 + device.launchFloor) } ?? 0, light: light ?? 0))
    }
    neighbours = [[Neighbours]](repeating: [], count: places.count)
    for axis in 0..<4 { join(along: axis) }
  }

  /// Joins the places that differ along one axis only.
  private mutating func join(along axis: Int) {
    guard let first = places.first,
      places.contains(where: { $0.point[axis] != first.point[axis] })
    else { return }
    func line(_ place: Int) -> SIMD8<Int64> {
      var values = places[place].point.values
      values[axis] = 0
      return values
    }
    // The last axis that varies is in order already, and the only one of most operators.
    var lines: [SIMD8<Int64>: [Int]] = [:]
    for place in places.indices { lines[line(place), default: []].append(place) }
    for members in lines.values where members.count > 1 {
      // In order: the places are, and on a line nothing but this axis differs.
      for (number, place) in members.enumerated() {
        neighbours[place].append(
          Neighbours(
            axis: axis, below: number > 0 ? members[number - 1] : nil,
            above: number < members.count - 1 ? members[number + 1] : nil))
      }
    }
  }

  /// How far a place stands above both neighbours, as a logarithm: the least of all axes along
  /// which it has two, in time and in ratio to the anchor; nil where it has two along none.
  ///
  /// In both, because either alone rises at a step that is true: after a tile's edge the ratio
  /// falls back while the time stays, and the time of any larger size is above that of a smaller.
  func height(of place: Int) -> Double? {
    var least: Double?
    for beside in neighbours[place] {
      guard let below = beside.below, let above = beside.above else { continue }
      for other in [below, above] {
        let rise = min(
          places[place].logTime - places[other].logTime,
          places[place].logRatio - places[other].logRatio)
        least = min(least ?? rise, rise)
      }
    }
    return least
  }

  /// The logarithm of the time that the neighbours let expect at a place: the ratio on the line
  /// between two of them, or that of the only one, averaged over the axes; nil without any.
  func expectedLogTime(at place: Int) -> Double? {
    var (sum, count) = (0.0, 0.0)
    for beside in neighbours[place] {
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
    for place in places.indices {
      for beside in neighbours[place] {
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

  /// The order of a curve's samples.
  private static func precedes(_ left: AxisPoint, _ right: AxisPoint) -> Bool {
    for axis in 0..<5 where left[axis] != right[axis] { return left[axis] < right[axis] }
    return false
  }
}
