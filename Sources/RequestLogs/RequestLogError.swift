import Operators
public import TraceIO

/// Why a request log could not be read.
public enum RequestLogError: Error, Hashable, Sendable {
  /// The bytes could not be had.
  case input(TraceIOError)
  /// The content is of no format that is read; `nearest` is the one that it comes near, if any.
  case unknownFormat(path: String, nearest: RequestLogFormat.Nearest? = nil)
  /// The file goes around with logs, and another one beside it is meant.
  case companion(path: String, LogCompanion)
  /// A header of our own format that this version does not read.
  case badHeader(path: String, reason: String)
  /// There is not one good row.
  case empty(path: String)
  /// More of a log's rows are bad than the reader may skip.
  case tooManyBadRows(path: String, rows: Int, problems: RowProblems)
  /// The content of one log does not fit the rows of another.
  case contentMismatch(reason: String)
  /// A file that describes a workload is not what it should be; `place` is a line, or `byte N`.
  case badDescription(path: String, place: String, reason: String)
  /// A mapping of a log's columns is not what it should be, or does not fit the log.
  case badMapping(path: String, reason: String)
  /// A unit was given for a log whose times tell theirs.
  case unitIsKnown(path: String, format: RequestLogFormat)
  /// A parameter of a synthetic workload that cannot be: `name` is its path, such as
  /// `streams[chat].arrivals.rate`.
  case badParameter(name: String, value: String, expected: String)
}

extension RequestLogError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .input(let error): error.description
    case .unknownFormat(let path, let nearest):
      "\(path): not a request log that is read; "
        + (nearest.map { "it comes nearest to \($0), " } ?? "")
        + "docs/FORMATS.md lists those that are, and a mapping reads any other CSV or JSON Lines"
    case .companion(let path, let companion): "\(path): is \(companion)"
    case .badHeader(let path, let reason):
      "\(path):1: \(reason); write the log again in version \(RequestLogWriter.version)"
    case .empty(let path): "\(path): there is no request in it; check that it was copied whole"
    case .tooManyBadRows(let path, let rows, let problems):
      "\(problems.firstSentence(path: path)); \(problems.count) of \(counted(rows, "row")) "
        + "\(noun(of: problems.count, "is", "are")) bad, "
        + "\(problems.count < rows ? "more than may be skipped" : "none is left"): "
        + (problems.firstProblem?.advice ?? "")
        + (problems.count < rows ? ", or allow a larger share" : "")
    case .contentMismatch(let reason):
      "the logs do not belong together: \(reason); give the log that the server was sent"
    case .badDescription(let path, let place, let reason):
      "\(path):\(place): \(reason); give the file as it was published"
    case .badMapping(let path, let reason):
      "\(path): \(reason); TraceSchemas/request-log-mapping.schema.json says what a mapping holds"
    case .unitIsKnown(let path, let format):
      "\(path): the times of \(format.title) tell their unit; give none"
    case .badParameter(let name, let value, let expected):
      "workload: \(name): \(value) cannot be; give \(expected)"
    }
  }
}
