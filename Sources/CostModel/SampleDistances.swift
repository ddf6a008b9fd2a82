internal import Analytical
package import OperatorStore
package import Operators

/// How far points lie from the nearest of some samples: the octaves between their sizes, added over all
/// attributes and axes (tokens, n and k of a product, for example).
///
/// The same distance for every kind, whatever a field makes of its sizes, so that errors can be told
/// by it.
package struct SampleDistances: Sendable {
  private let families: [OperatorFamily: (places: [FieldPlace], tree: NeighbourTree)]

  /// Takes in the samples of some curves.
  ///
  /// - Complexity: O(*s* · log *s*) for *s* samples.
  package init(_ curves: [MeasuredCurve]) {
    var places: [OperatorFamily: [FieldPlace]] = [:]
    for curve in curves {
      let family = OperatorFamily(curve.operator)
      places[family, default: []] += curve.samples.map {
        Self.place(curve.operator, $0.point, family.names)
      }
    }
    families = places.mapValues { ($0, NeighbourTree($0, weights: FieldPlace(repeating: 1))) }
  }

  /// The distance from an operator at a point to the nearest sample; nil where none is of its kind,
  /// type and attributes.
  package func octaves(from op: Operator, at point: AxisPoint) -> Double? {
    let family = OperatorFamily(op)
    guard let (places, tree) = families[family] else { return nil }
    let place = Self.place(op, point, family.names)
    return tree.nearest(1, to: place).first.map {
      Double(places[$0].distance(to: place, alongFirst: 16))
    }
  }

  /// Attributes by name, then sizes; of the few operators with more than eleven attributes the last
  /// do not count.
  private static func place(_ op: Operator, _ point: AxisPoint, _ names: [String]) -> FieldPlace {
    FieldPlace(
      octaves: (0..<5).map { FieldShape.octaves(point[$0]) }
        + names.map { FieldShape.octaves(op, $0) })
  }
}
