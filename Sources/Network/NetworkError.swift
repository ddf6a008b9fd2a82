/// Why a network cannot be built.
public enum NetworkError: Error, Hashable, Sendable {
  /// There is no level.
  case noLevels
  /// A number is out of its bounds.
  case outOfBounds(level: String, what: String)
  /// The levels have more links than a network may.
  case tooManyLinks(most: Int)
  /// Something is to be attached to a switch that is not there.
  case noSwitch(name: String, level: Int, group: Int)
}

extension NetworkError: CustomStringConvertible {
  /// What to do.
  public var description: String {
    switch self {
    case .noLevels:
      "a network needs at least one level: name what its endpoints are joined by"
    case .outOfBounds(let level, let what):
      "the network's '\(level)' has \(what)"
    case .tooManyLinks(let most):
      "the network has more than \(most) links: give its levels fewer members, or leave the outermost out"
    case .noSwitch(let name, let level, let group):
      "'\(name)' is attached to switch \(group) of level \(level), which the network has not: "
        + "count levels from the inside and switches, both from 0"
    }
  }
}
