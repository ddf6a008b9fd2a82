/// Why a row of a log is bad.
public enum RowProblem: String, Error, CaseIterable, Sendable, Hashable {
  /// The line is not one JSON object, or is cut short.
  case notAnObject = "not a JSON object"
  /// A field that the format needs is missing or null.
  case missingField = "a needed field is missing"
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
  /// The first bad row's line.
  public private(set) var firstLine = 0
  /// Whether rows are told by their number in the log and not by their line: in documents.
  var countsRows = false

  /// No bad rows.
  public init() {}

  /// Bad rows of all reasons.
  public var count: Int { tallies.reduce(0) { $0 + $1.count } }

  /// Counts a bad row.
  mutating func add(_ problem: RowProblem, line: Int) {
    if firstProblem == nil {
      firstProblem = problem
      firstLine = line
    }
    guard let index = tallies.firstIndex(where: { $0.problem == problem }) else {
      tallies.append(Tally(problem: problem, count: 1, lines: [line]))
      return
    }
    tallies[index].count += 1
    if tallies[index].lines.count < Self.linesKept { tallies[index].lines.append(line) }
  }

  /// One sentence a reason.
  public var sentences: [String] {
    tallies.map { tally in
      let lines = tally.lines.map(String.init).joined(separator: ", ")
      let more = tally.count > tally.lines.count ? ", ..." : ""
      return
        "\(tally.count == 1 ? "1 row" : "\(tally.count) rows") skipped: \(tally.problem.rawValue) "
        + "(\(countsRows ? "requests" : "lines") \(lines)\(more))"
    }
  }
}
