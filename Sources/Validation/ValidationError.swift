/// Why sides cannot be compared.
public enum ValidationError: Error, Hashable, Sendable {
  /// Two requests of one side bear the same name, so that names cannot pair them.
  case duplicateID(id: String, side: String)
  /// Paired by order, the sides have different lengths.
  case unequalCounts(side: String, count: Int, measured: Int)
}

extension ValidationError: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .duplicateID(let id, let side):
      "the \(side) side has two requests named \"\(id)\": give each its own name, or pair the "
        + "sides by order"
    case .unequalCounts(let side, let count, let measured):
      "the \(side) side has \(count) requests, the measured one \(measured): pair them by name, "
        + "or replay the log that was measured"
    }
  }
}
