public import Operators

/// Which of several data types' curves are wanted of an operator.
public enum TypeSelection: Sendable, Hashable {
  /// Those of all types.
  case all
  /// Those of the types asked for, and of all types where one of these was not measured, to borrow
  /// from; of some kinds those of all types.
  case asked(butAllOf: Set<OperatorKind>)
}

/// Which curves can answer for some operators.
struct WantedCurves {
  /// What an operator shares with those that can answer for it.
  private struct Shape: Hashable {
    var kind: OperatorKind
    var names: Set<String>

    init(_ op: Operator) {
      kind = op.kind
      names = Set(op.attributes.keys)
    }
  }

  /// The types that are asked for by shape.
  private let asked: [Shape: Set<DataType?>]
  private let selection: TypeSelection

  init(_ operators: [Operator], _ selection: TypeSelection) {
    self.selection = selection
    asked = Dictionary(grouping: operators, by: Shape.init).mapValues { Set($0.map(\.dataType)) }
  }

  /// The kinds that are asked for, in order.
  var kinds: [String] { Set(asked.keys.map(\.kind.rawValue)).sorted() }

  /// The types in which an operator's kind and names of attributes are asked for; nil where curves of
  /// all types are wanted, empty where none is.
  func types(of op: Operator) -> Set<DataType?>? {
    guard let types = asked[Shape(op)] else { return [] }
    switch selection {
    case .all: return nil
    case .asked(let exceptions): return exceptions.contains(op.kind) ? nil : types
    }
  }
}
