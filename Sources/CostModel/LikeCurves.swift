internal import Analytical
internal import OperatorStore
internal import Operators

/// Curves of one kind, type and names of attributes, by how near their attributes are.
///
/// A step of a kernel, such as a worse tile chosen at 2,816 tokens, is in all curves that run the same
/// kernel; a disturbed measurement is in one.
struct LikeCurves {
  private let curves: [MeasuredCurve]
  /// The lines of each curve.
  let lines: [CurveLines]
  private let families: [OperatorFamily: [Int]]

  init(_ curves: [MeasuredCurve], on device: Device) {
    self.curves = curves
    self.lines = curves.map { CurveLines($0, on: device) }
    self.families = Dictionary(grouping: curves.indices) {
      OperatorFamily(curves[$0].operator)
    }
  }

  /// Whether like curves have the bump, too: those of the eight nearest, and further ones of this
  /// curve, of half to double its logarithm add up to four fifths of it.
  ///
  /// Along one axis at the same point; over several within an octave of it, because where the limit
  /// is one of a product of sizes, as attention's choice between one pass and two, the step runs
  /// diagonally through a curve and lies elsewhere in the next.
  func share(bump height: Double, at point: AxisPoint, of curve: Int) -> Bool {
    let isGrid = curves[curve].operator.kind.axes.count > 1
    var shared = 0.0
    for other in nearest(to: curve) + (isGrid ? [curve] : []) {
      let lines = lines[other]
      for place in lines.places.indices {
        let near = lines.places[place].point
        guard near == point ? other != curve : isGrid && Self.isNear(near, point),
          let bump = lines.height(of: place), bump >= height / 2, bump <= 2 * height
        else { continue }
        shared += min(bump, height)
        if shared >= 0.8 * height { return true }
      }
    }
    return false
  }

  /// Whether all sizes of two points are within a factor of two.
  private static func isNear(_ left: AxisPoint, _ right: AxisPoint) -> Bool {
    (0..<5).allSatisfy { axis in
      let (less, more) = (min(left[axis], right[axis]), max(left[axis], right[axis]))
      return less == more || (less > 0 && more / 2 <= less)
    }
  }

  /// The eight nearest other curves by the octaves between their attributes; another runtime counts
  /// as an octave, so that the same operator under a near one bears witness, too.
  private func nearest(to curve: Int) -> [Int] {
    let op = curves[curve].operator
    // In a fixed order: sums of other orders round to others, and equally near curves change places.
    let attributes = op.attributes.sorted { $0.key < $1.key }
    var found: [(octaves: Double, curve: Int)] = []
    for other in families[OperatorFamily(op)] ?? [] where other != curve {
      var octaves = curves[other].runtime == curves[curve].runtime ? 0.0 : 1.0
      for (name, value) in attributes {
        let theirs = curves[other].operator.attributes[name] ?? value
        octaves += octavesBetween(value, theirs)
      }
      let full = found.count == 8
      if full, let last = found.last, (last.octaves, last.curve) <= (octaves, other) { continue }
      if full { found.removeLast() }
      let place = found.firstIndex { (octaves, other) < ($0.octaves, $0.curve) } ?? found.count
      found.insert((octaves, other), at: place)
    }
    return found.map(\.curve)
  }
}
