import Operators

/// The sizes that readers believe: far beyond any real operator, and small enough that products of
/// them, such as all keys that a batch reads, fit an integer.
enum SizeLimits {
  /// The largest static attribute.
  static let attribute = 1 << 31

  /// The largest number of a table that is not yet known to be a size.
  static let literal = 1 << 40
  /// The most tokens of a sequence, as in request logs, and the most sequences of a batch.
  static let (tokens, sequences) = (1 << 24, 65_536)
  /// The most ranks of a run.
  static let ranks = 1 << 24

  /// The largest value along an axis; those of attention are multiplied with one another.
  static func axis(of kind: OperatorKind) -> Int { kind == .attention ? 1 << 30 : 1 << 40 }

  /// Whether all sizes of an operator at a point are believed, and agree.
  static func allow(_ op: Operator, at point: AxisPoint) -> Bool {
    let axis = axis(of: op.kind)
    return op.attributes.values.allSatisfy { (0...attribute).contains($0) }
      && op.contradiction == nil && point.contradiction(of: op.kind) == nil
      && op.kind.axes.indices.allSatisfy { (0...axis).contains(point[$0]) }
  }
}
