import Operators

/// Why a row of a log is bad.
public enum RowProblem: String, Error, CaseIterable, Sendable, Hashable {
  /// The line is not one JSON object, or is cut short.
  case notAnObject = "not a JSON object"
  /// The row does not say when the request arrived.
  case missingArrival = "the time of its arrival is missing"
  /// The row does not say how long the prompt was.
  case missingInputTokens = "the count of its prompt's tokens is missing"
  /// The row does not say how much was generated.
  case missingOutputTokens = "the count of its generated tokens is missing"
  /// Tokens have times, and the first or the last one has none.
  case missingTokenTime = "the time of its first or last token is missing"
  /// A session of an agent that cannot be told from others, or whose names of content have no size.
  case incompleteSession = "the session's id, block_size or requests are missing"
  /// A span has no beginning.
  case spanWithoutStart = "the span has no startTimeUnixNano (or start_time)"
  /// A span of a call does not count its prompt.
  case spanWithoutInputTokens = "the span has no attribute gen_ai.usage.input_tokens"
  /// A span of a call does not count what was generated.
  case spanWithoutOutputTokens = "the span has no attribute gen_ai.usage.output_tokens"
  /// A number or time cannot be read as one.
  case badNumber = "a field is not a number that fits"
  /// Tokens outside 1 to 16,777,216 (0 is right for generated ones), or passages, a priority, a difficulty or a
  /// number of stages.
  case tokensOutOfRange =
    "a count of tokens, passages or stages, a priority or a difficulty is out of range"
  /// A time that 64 bits of nanoseconds (292 years) do not hold.
  case timeOutOfRange = "a time is out of range"
  /// A request was scheduled, or answered, before it arrived, or its tokens run backwards.
  case timesOutOfOrder = "times of the request run backwards"
  /// A run of a benchmark that was saved without its requests.
  case totalsOnly = "the run has totals and no requests: save it with --save-detailed"
  /// A run of a benchmark without start times, whose rate or concurrency decided when requests were sent.
  case noArrival = "nothing tells when the request was sent, since the run has no start times"

  /// What to do where a log has too many such rows.
  var advice: String {
    switch self {
    case .spanWithoutInputTokens, .spanWithoutOutputTokens:
      "have the instrumentation record how many tokens there were (of streams, servers tell it with "
        + "stream_options.include_usage), as texts alone are not counted"
    default: "correct them"
    }
  }
}

/// The bad rows of a log: how many for each reason, and where the first few are.
public struct RowProblems: Sendable, Hashable {
  /// The bad rows of one reason.
  public struct Tally: Sendable, Hashable {
    /// Why.
    public var problem: RowProblem
    /// How many.
    public var count: Int
    /// The lines of the first five, from 1.
    public var lines: [Int]
  }

  /// How many lines are kept for each reason.
  static let linesKept = 5

  /// The reasons that occurred, in the order in which they did.
  public private(set) var tallies: [Tally] = []
  /// The first bad row's reason.
  public private(set) var firstProblem: RowProblem?
  /// The first bad row's line, or its number where ``countsRows`` is set.
  public private(set) var firstLine = 0
  /// The first bad row's name, where it has one that could be read.
  public private(set) var firstName: String?
  /// Requests that failed before their prompts' tokens were counted, which are passed over and no bad rows.
  public private(set) var failures = 0
  /// Whether rows are told by their number in the log and not by their line: in documents.
  var countsRows = false

  /// No bad rows.
  public init() {}

  /// Bad rows of all reasons.
  public var count: Int { tallies.reduce(0) { $0 + $1.count } }

  /// The most characters of a row's name that are told.
  private static let longestName = 80

  /// Counts a bad row.
  mutating func add(_ problem: RowProblem, line: Int, name: String? = nil) {
    if firstProblem == nil {
      firstProblem = problem
      firstLine = line
      firstName = name.map { String($0.prefix(Self.longestName)) }
    }
    guard let index = tallies.firstIndex(where: { $0.problem == problem }) else {
      tallies.append(Tally(problem: problem, count: 1, lines: [line]))
      return
    }
    tallies[index].count += 1
    if tallies[index].lines.count < Self.linesKept { tallies[index].lines.append(line) }
  }

  /// Counts a request that failed before its prompt was counted.
  mutating func addFailure() { failures += 1 }

  /// The first bad row: where it is in the log of this path, its name, and what is wrong with it.
  func firstSentence(path: String) -> String {
    let place = countsRows ? "\(path): request \(firstLine)" : "\(path):\(firstLine)"
    let name = firstName.map { " ('\($0)')" } ?? ""
    return "\(place)\(name): \(firstProblem?.rawValue ?? "nothing is wrong")"
  }

  /// One sentence a reason.
  public var sentences: [String] {
    let passed =
      failures > 0
      ? ["\(counted(failures, "request")) that failed without a count of tokens passed over"] : []
    return passed
      + tallies.map { tally in
        let lines = tally.lines.map(String.init).joined(separator: ", ")
        let more = tally.count > tally.lines.count ? ", ..." : ""
        let place = noun(of: tally.count, countsRows ? "request" : "line")
        return "\(counted(tally.count, "row")) skipped: \(tally.problem.rawValue) "
          + "(\(place) \(lines)\(more))"
      }
  }
}
