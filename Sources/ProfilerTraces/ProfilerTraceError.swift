import Operators
public import TraceIO

/// Why a trace could not be imported: what is wrong, where, and what to do about it.
public enum ProfilerTraceError: Error, Hashable, Sendable {
  /// The input cannot be read, or is not valid JSON.
  case input(TraceIOError)
  /// The content is of no known format; `found` says what it looks like.
  case unknownFormat(path: String, found: String)
  /// The trace holds no event that could be used.
  case noEvents(path: String)
  /// More records than the limit are bad; `worst` is the most frequent reason.
  case tooManyBadRecords(path: String, bad: Int, read: Int, worst: RejectionReason)
  /// More events than the limit would have to be kept in memory.
  case tooManyEvents(path: String, limit: Int)
  /// A table lacks a column.
  case missingColumn(path: String, column: String)
  /// The reader needs something that the input does not say.
  case missingInformation(path: String, what: String)
  /// A mapping file says something that cannot be; `member` is the path of the member.
  case badMapping(path: String, member: String, problem: String)
}

extension ProfilerTraceError {
  /// What to say of a source of which nothing can be used: the most frequent reason, where records were rejected.
  static func nothing(in coverage: Coverage, path: String) -> Self {
    let worst = RejectionReason.allCases.max { coverage.rejected($0) < coverage.rejected($1) }
    guard let worst, coverage.rejected(worst) > 0 else { return .noEvents(path: path) }
    return .missingInformation(
      path: path,
      what:
        "none of its \(counted(coverage.recordsRead, "record")) can be used, mostly: \(worst.rawValue)"
    )
  }
}

extension ProfilerTraceError: CustomStringConvertible {
  /// One sentence: the file, what is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .input(let error): error.description
    case .unknownFormat(let path, let found):
      "\(path): \(found) is not a format that is imported; see `reprise import --help`"
    case .noEvents(let path):
      "\(path): holds no operators or kernels; was the profiler active while the model ran?"
    case .tooManyBadRecords(let path, let bad, let read, let worst):
      "\(path): \(bad) of \(read) records are bad, mostly: \(worst.rawValue); "
        + "'reprise import' takes the rest with a larger --max-bad-records"
    case .tooManyEvents(let path, let limit):
      "\(path): more than \(limit) events to keep; profile fewer steps"
    case .missingColumn(let path, let column):
      "\(path): has no column '\(column)'; the table does not fit what reads it (a profiler's version, or "
        + "the mapping)"
    case .missingInformation(let path, let what): "\(path): \(what)"
    case .badMapping(let path, let member, let problem): "\(path): \(member) \(problem)"
    }
  }
}
