extension FormatKey.Kind {
  /// Whether a number may be a value of this kind, or one of a list's.
  func allows(_ value: Double) -> Bool {
    switch self {
    case .integer(let bounds), .integers(let bounds, _):
      value >= Double(bounds.lowerBound) && value <= Double(bounds.upperBound)
    case .number(let above, let through): value > above && value <= through
    case .amount(let bounds), .numbers(let bounds, _): bounds.contains(value)
    default: false
    }
  }

  /// What a number of this kind has to be, after the key's name: "is a whole number, 1 to 8".
  var numberRule: String {
    switch self {
    case .integer(let bounds) where bounds.count == 1:
      "is a whole number, \(bounds.lowerBound)"
    case .integer(let bounds):
      "is a whole number, \(bounds.lowerBound) to \(bounds.upperBound)"
    case .integers(let bounds, let most):
      "is a list of 1 to \(most) whole numbers, \(bounds.lowerBound) to \(bounds.upperBound)"
    case .number(let above, let through): "is a number above \(above) and at most \(through)"
    case .amount(let bounds): "is a number, \(bounds.lowerBound) to \(bounds.upperBound)"
    case .numbers(let bounds, let counts):
      "is a list of "
        + (counts.count == 1
          ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)")
        + " numbers, \(bounds.lowerBound) to \(bounds.upperBound)"
    default: "is not a number"
    }
  }
}

extension [FormatKey] {
  /// The key of this name.
  func named(_ name: String) -> FormatKey? { first { $0.name == name } }

  /// The first of these numbers that is out of its key's bounds, and a sentence about it; nil where all
  /// are within theirs.
  func firstOutOfBounds(
    _ numbers: KeyValuePairs<String, Double?>
  ) -> (key: String, message: String)? {
    for (name, value) in numbers {
      guard let value, let kind = named(name)?.kind, !kind.allows(value) else { continue }
      return (name, "'\(name)' \(kind.numberRule), not \(plainNumber(value))")
    }
    return nil
  }
}

/// A number as it is written: without a fraction where it is whole.
func plainNumber(_ value: Double) -> String {
  Int(exactly: value).map { "\($0)" } ?? "\(value)"
}
