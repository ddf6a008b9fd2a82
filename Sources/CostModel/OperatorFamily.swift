internal import Operators

/// Operators that differ in nothing but how large their attributes are: of one kind and type, with the same names.
struct OperatorFamily: Hashable {
  let kind: OperatorKind
  let dataType: DataType?
  /// The names of the attributes, sorted.
  let names: [String]

  init(_ op: Operator) {
    (kind, dataType, names) = (op.kind, op.dataType, op.attributes.keys.sorted())
  }
}

/// How far two values of an attribute are apart, in octaves; what is below one counts as one.
func octavesBetween(_ value: Int, _ other: Int) -> Double {
  abs(logarithm(Double(max(1, value)) / Double(max(1, other)))) / logarithm(2)
}
