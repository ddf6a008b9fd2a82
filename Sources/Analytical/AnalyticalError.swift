/// What can be wrong with a description of a model or a device, or with a plan.
public enum AnalyticalError: Error, Hashable {
  /// A file that describes something (`model configuration`, `device`) cannot be used.
  case description(file: String, subject: String, problem: String)
  /// A model cannot be laid out on devices as asked.
  case layout(problem: String)
  /// A vector index cannot be as described.
  case index(problem: String)
}

extension AnalyticalError: CustomStringConvertible {
  /// One sentence: which file, what is wrong.
  public var description: String {
    switch self {
    case .description(let file, let subject, let problem):
      "\(file): cannot use this \(subject): \(problem)"
    case .layout(let problem), .index(let problem): problem
    }
  }
}
