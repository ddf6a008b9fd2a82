public import Operators

/// What there is to know of a log before anybody replays it.
///
///     let known = try LogInspection(path: "conversation_trace.jsonl.zst")
///     if let doubt = known.summary.unitDoubt { print(doubt.question(known.format)) }
///
/// - Complexity: O(n log n); of each record some numbers are kept, and a name for each piece of content.
public struct LogInspection: Sendable {
  /// The format that was found.
  public let format: RequestLogFormat
  /// The log in figures, with what a user should know.
  public private(set) var summary = LogSummary()
  /// The unit of arrivals that the user gave; nil where the format's is taken.
  public let unit: LogTimeUnit?
  /// The instant on the log's own clock that is zero here, in nanoseconds.
  public private(set) var origin: Int64 = 0
  /// The largest unit of which all arrivals are multiples; zero where all are one instant.
  public private(set) var resolution = Nanoseconds.zero
  /// The median time between one distinct arrival and the next; nil with fewer than two.
  public private(set) var typicalGap: Nanoseconds?
  /// The most requests within one second from an arrival on.
  public private(set) var busiestSecond = 0
  /// Standard deviation of the times between arrivals over their mean: 1 for a Poisson process; nil below three.
  public private(set) var gapVariation: Double?
  /// Rows that repeat an earlier one in everything but its name.
  public private(set) var repeatedRows = 0
  /// Sessions, and turns of the longest.
  public private(set) var sessions = 0
  /// See ``sessions``.
  public private(set) var longestSession = 0
  /// Tokens that a name of content stands for, by what rows say or the format has; ascending.
  public private(set) var blockSizes: [Int] = []
  /// Of the usual sizes the one that fits the most prompts, where the log's own does not fit; nil elsewhere.
  public private(set) var betterBlockSize: Int?
  /// Names of content, and of these those that follow the same beginning as in an earlier request: what a cache
  /// without bound finds.
  public private(set) var contentNames = 0
  /// See ``contentNames``.
  public private(set) var repeatedContentNames = 0
  /// Measured times of requests: until the first step, the first token, a token after it, the last token.
  public private(set) var queueTimes: [Nanoseconds] = []
  /// See ``queueTimes``.
  public private(set) var timesToFirstToken: [Nanoseconds] = []
  /// See ``queueTimes``.
  public private(set) var timesPerOutputToken: [Nanoseconds] = []
  /// See ``queueTimes``.
  public private(set) var endToEnd: [Nanoseconds] = []
  /// Requests each of whose tokens was timed.
  public private(set) var tokenByToken = 0

  private static let usualBlockSizes = [1, 16, 32, 64, 128, 256, 512, 1_024]

  /// Reads a log to its end.
  public init(
    path: String, options: RequestLogReader.Options = .init()
  ) throws(RequestLogError) {
    var reader = try RequestLogReader(path: path, options: options)
    format = reader.format
    unit = reader.unit
    var (summary, tally) = (LogSummary(), Tally())
    while let record = try reader.next() {
      summary.add(record)
      tally.add(record)
      take(record.measured, outputTokens: record.outputTokens)
    }
    summary.finish(
      format, problems: reader.problems, outOfOrder: reader.outOfOrder, unit: reader.unit)
    _ = try reader.finish()
    origin = reader.clockOrigin ?? 0
    self.summary = summary
    repeatedRows = tally.repeatedRows
    sessions = tally.turns.count
    longestSession = tally.turns.values.max() ?? 0
    (contentNames, repeatedContentNames) = (tally.names, tally.repeatedNames)
    blockSizes = tally.sizes.sorted()
    if summary.contentMisfits * 100 > summary.withContent {
      let best = Self.usualBlockSizes.max {
        tally.fits[$0, default: 0] < tally.fits[$1, default: 0]
      }
      if let best, tally.fits[best, default: 0] > summary.withContent - summary.contentMisfits {
        betterBlockSize = best
      }
    }
    describe(tally.arrivals.sorted())
  }

  private mutating func take(_ measured: MeasuredTimes?, outputTokens: Int) {
    guard let measured else { return }
    if let time = measured.scheduled { queueTimes.append(time) }
    if let time = measured.firstToken { timesToFirstToken.append(time) }
    if let time = measured.timePerOutputToken(outputTokens: outputTokens) {
      timesPerOutputToken.append(time)
    }
    endToEnd.append(measured.lastToken)
    if !measured.tokens.isEmpty { tokenByToken += 1 }
  }

  /// Looks at arrivals, ascending.
  private mutating func describe(_ arrivals: [Int64]) {
    var gaps: [Int64] = []
    var (resolution, oldest) = (UInt64(0), 0)
    for (index, arrival) in arrivals.enumerated() {
      while arrival.subtractingReportingOverflow(arrivals[oldest]).partialValue >= 1_000_000_000 {
        oldest += 1
      }
      busiestSecond = max(busiestSecond, index - oldest + 1)
      resolution = Self.commonDivisor(resolution, arrival.magnitude)
      if index > 0 { gaps.append(arrival &- arrivals[index - 1]) }
    }
    self.resolution = Nanoseconds(Int64(clamping: resolution))
    let distinct = gaps.filter { $0 > 0 }.sorted()
    if !distinct.isEmpty { typicalGap = Nanoseconds(distinct[distinct.count / 2]) }
    guard gaps.count > 1, let last = arrivals.last, last > arrivals[0] else { return }
    let mean = Double(last &- arrivals[0]) / Double(gaps.count)
    let squares = gaps.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    gapVariation = (squares / Double(gaps.count)).squareRoot() / mean
  }

  private static func commonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var (left, right) = (left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }

  /// What is counted while a log is read.
  private struct Tally {
    var arrivals: [Int64] = []
    var turns: [String: Int] = [:]
    var repeatedRows = 0
    var names = 0
    var repeatedNames = 0
    var sizes: Set<Int> = []
    /// By block size the prompts whose names it fits.
    var fits: [Int: Int] = [:]
    private var rows: Set<UInt64> = []
    private var beginnings: Set<UInt64> = []

    mutating func add(_ record: RequestRecord) {
      arrivals.append(record.arrival.rawValue)
      if let session = record.session { turns[session, default: 0] += 1 }
      var beginning: UInt64 = 0
      for name in record.content {
        beginning = SplitMix64.mixed(beginning, name)
        names += 1
        if !beginnings.insert(beginning).inserted { repeatedNames += 1 }
      }
      if !record.content.isEmpty {
        sizes.insert(record.tokensPerContentName)
        let all = record.inputTokens + record.outputTokens
        for size in LogInspection.usualBlockSizes
        where record.content.count >= record.inputTokens / size
          && record.content.count <= (all - 1) / size + 1
        { fits[size, default: 0] += 1 }
      }
      var row = SplitMix64.mixed(beginning, UInt64(bitPattern: record.arrival.rawValue))
      row = SplitMix64.mixed(row, UInt64(record.inputTokens))
      row = SplitMix64.mixed(row, UInt64(record.outputTokens))
      for byte in (record.session ?? "").utf8 { row = SplitMix64.mixed(row, UInt64(byte)) }
      if !rows.insert(row).inserted { repeatedRows += 1 }
    }
  }
}
