/// Why a scenario cannot be replayed.
public enum PipelineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A pool's limits are out of bounds or do not fit together.
  case pool(name: String, ReplayError)
  /// A pool lacks what its service needs: prices, or what a search costs.
  case missing(what: String, pool: String)
  /// The scenario contradicts itself.
  case conflict(String)

  /// One sentence: what is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .pool(let name, let error): "engines '\(name)': \(error)"
    case .missing(let what, let pool): "engines '\(pool)' have no \(what); give it to the plan"
    case .conflict(let message): message
    }
  }
}
