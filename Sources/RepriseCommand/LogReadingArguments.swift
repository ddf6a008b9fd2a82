import ArgumentParser
import Reprise

/// How a request log is read, as arguments.
struct LogReadingArguments: ParsableArguments {
  @Option(
    help:
      "What the columns of a CSV or the members of JSON Lines mean, for a log of no known format.",
    completion: .file())
  var logMapping: String?

  @Option(
    help: ArgumentHelp(
      "The unit of arrivals, where a log's format does not tell it: s, ms, us or ns.",
      discussion: """
        Of Mooncake's logs (milliseconds if not given), BurstGPT's, RAGPulse's and Bailian's (seconds). \
        'reprise inspect' says when it is in doubt.
        """), transform: LogTimeUnit.init(argument:))
  var unit: LogTimeUnit?

  @Option(
    help: "The share of a log's rows that may be bad before it is refused; 0.01 if not given.")
  var maxBadRows: Double?

  mutating func validate() throws {
    guard (0...1).contains(maxBadRows ?? 0) else {
      throw UsageError("--max-bad-rows is a share from 0 to 1")
    }
  }

  /// The library's form.
  func reading() throws -> RequestLogReader.Options {
    var options = RequestLogReader.Options()
    options.mapping = try logMapping.map { try RequestLogMapping(path: $0) }
    options.unit = unit
    options.badRowLimit = maxBadRows ?? options.badRowLimit
    return options
  }

  /// Whether anything is said, which without a log would be of nothing.
  var isUsed: Bool { isOfLogsAlone || maxBadRows != nil }

  /// Whether a mapping or a unit is given, with which nothing but a log can be meant.
  var isOfLogsAlone: Bool { logMapping != nil || unit != nil }

  /// The options, for refusals of those that are of nothing.
  static let names = "--log-mapping, --unit and --max-bad-rows"
}

extension LogTimeUnit {
  /// The unit that the user names.
  fileprivate init(argument: String) throws {
    guard let unit = Self(rawValue: argument) else {
      throw ValidationError(
        "--unit is one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = unit
  }
}
