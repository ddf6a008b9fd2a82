import Operators
import TraceIO

/// A row's fields as a log gives them, before they are judged.
struct RawRow {
  var id: String?
  /// Instants in nanoseconds on one clock.
  var arrival: Int64?
  var scheduled: Int64?
  var firstToken: Int64?
  var lastToken: Int64?
  var tokenTimes: [Int64] = []
  var inputTokens: Int64?
  var outputTokens: Int64?
  var content: [UInt64] = []
  var tokensPerContentName: Int64?
  var session: String?
  /// A duration.
  var thinkTime: Int64?
  /// An instant.
  var cancelled: Int64?
  var priority: Int64?
  var requestClass: String?
  var passages: Int64?
  var passageTokens: Int64?
  /// In billionths.
  var difficulty: Int64?
  var stages: [String]?
  var parentSession: String?
  /// Names of blocks of RAGPulse, by kind.
  var blocks: [[UInt64]] = []

  /// Counts of a second source, which stand in where the first has none.
  var otherInputTokens: Int64?
  var otherOutputTokens: Int64?
  var otherSession: String?
  /// When the exchange ended, an instant.
  var end: Int64?
  /// Whether it ended because its client gave up.
  var wasCancelled = false
  /// Whether the request failed: it generated nothing, and nothing was measured of it.
  var failed = false
  /// Durations since the arrival, of logs that tell those and not instants.
  var queueTime: Int64?
  var timeToFirstToken: Int64?
  var latency: Int64?
  /// Between each token, or piece of several, and the one before it.
  var tokenGaps: [Int64] = []
  /// The names of a turn, and of the turn before it.
  var chat: String?
  var parentChat: String?
  /// Whether the row is no request, and is passed over.
  var isOther = false
  /// What is wrong with the row, where its reader knows that better than its fields tell.
  var problem: RowProblem?

  static let mostTokens: Int64 = 1 << 24
  /// Stages of a pipeline.
  static let mostStages = 64

  /// Makes instants of durations, and fills what is missing from second sources.
  ///
  /// Gaps become tokens' times only if there is one for each token but the first: servers send several
  /// tokens in a piece. The last token is then the end, where the log tells another one, too: clients
  /// count the closing of the stream.
  mutating func settle() throws(RowProblem) {
    inputTokens = inputTokens ?? otherInputTokens
    outputTokens = outputTokens ?? otherOutputTokens
    session = session ?? otherSession
    if wasCancelled {
      cancelled = cancelled ?? end
      // It asked for one token at the least.
      outputTokens = max(1, outputTokens ?? 1)
    }
    // aiperf calls a request that was given up an error, too.
    if failed || wasCancelled {
      if !wasCancelled { outputTokens = 0 }
      (scheduled, firstToken, lastToken, tokenTimes) = (nil, nil, nil, [])
      return
    }
    guard let arrival else { return }
    if let queueTime { scheduled = try Self.sum(arrival, queueTime) }
    if let timeToFirstToken { firstToken = try Self.sum(arrival, timeToFirstToken) }
    if let latency { lastToken = try Self.sum(arrival, latency) }
    if let firstToken, !tokenGaps.isEmpty {
      var time = firstToken
      var times = [firstToken]
      for gap in tokenGaps {
        time = try Self.sum(time, gap)
        times.append(time)
      }
      let isEachToken = outputTokens == Int64(times.count)
      if isEachToken { tokenTimes = times }
      if isEachToken || lastToken == nil { lastToken = time }
    } else if let firstToken, lastToken == nil, outputTokens == 1 {
      lastToken = firstToken
    }
    if timeToFirstToken != nil, lastToken == nil {
      // A measurement needs an end.
      (firstToken, lastToken, tokenTimes) = (nil, nil, [])
    }
  }

  /// Forgets what tells no latency: zeros for times that were not taken, a first token without an end, and
  /// one that is the end of an answer of several, which was not streamed: of that the end is known.
  ///
  /// - Parameter forgives: whether a first token behind the last one is such an end, too, as where clocks of two writers
  ///   tell them; else it makes the row a bad one.
  mutating func dropUnstreamed(forgives: Bool = false) {
    if lastToken == 0 { lastToken = nil }
    if let first = firstToken, let last = lastToken, first != 0, first != arrival,
      first < last || outputTokens == 1 && first == last || !forgives && first > last
    {
      return
    }
    if tokenTimes.isEmpty { firstToken = nil }
  }

  /// The sum of two times in nanoseconds.
  static func sum(_ left: Int64, _ right: Int64) throws(RowProblem) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    guard !overflow else { throw .timeOutOfRange }
    return sum
  }

  /// The record, with instants counted from `origin`.
  ///
  /// - Parameters:
  ///   - origin: the instant that becomes zero; the first good row's arrival is taken if it is nil.
  ///   - row: the row's number, which names a request without a name.
  func record(origin: inout Int64?, row: Int, tokensPerContentName standard: Int)
    throws(RowProblem) -> RequestRecord
  {
    if let problem { throw problem }
    guard let arrival else { throw .missingArrival }
    guard let inputTokens else { throw .missingInputTokens }
    guard let outputTokens else { throw .missingOutputTokens }
    guard (1...Self.mostTokens).contains(inputTokens),
      (0...Self.mostTokens).contains(outputTokens),
      (1...Self.mostTokens).contains(tokensPerContentName ?? 1)
    else { throw .tokensOutOfRange }
    let start = origin ?? arrival
    guard (thinkTime ?? 0) >= 0, (cancelled ?? arrival) >= arrival else { throw .timesOutOfOrder }
    guard Int32(exactly: priority ?? 0) != nil, (0...Self.mostTokens).contains(passages ?? 0),
      (0..<inputTokens).contains(passageTokens ?? 0),
      (0...1_000_000_000).contains(difficulty ?? 0), stages?.count ?? 0 <= Self.mostStages
    else { throw .tokensOutOfRange }
    var givenUp: Nanoseconds?
    if let cancelled { givenUp = try difference(cancelled, arrival) }
    var record = RequestRecord(
      id: id ?? String(row), arrival: try difference(arrival, start),
      inputTokens: Int(inputTokens), outputTokens: Int(outputTokens), content: content,
      tokensPerContentName: tokensPerContentName.map(Int.init) ?? standard,
      measured: try measured(from: arrival), session: session,
      thinkTime: thinkTime.map { Nanoseconds($0) }, cancelled: givenUp)
    record.priority = Int(priority ?? 0)
    record.requestClass = requestClass
    record.passages = passages.map(Int.init)
    record.passageTokens = passageTokens.map(Int.init)
    record.difficulty = difficulty.map { Double($0) / 1e9 }
    record.stages = stages
    record.parentSession = parentSession
    origin = start
    return record
  }

  private func measured(from arrival: Int64) throws(RowProblem) -> MeasuredTimes? {
    // What generated nothing has no latency; one of zero was not taken.
    if outputTokens == 0 || lastToken == arrival { return nil }
    guard let lastToken else {
      // A request that failed may have been scheduled, but it has no latency.
      guard firstToken == nil, tokenTimes.isEmpty else { throw .missingTokenTime }
      return nil
    }
    guard firstToken != nil || tokenTimes.isEmpty else { throw .missingTokenTime }
    let began = scheduled ?? arrival
    let first = firstToken ?? began
    guard arrival <= began, began <= first, first <= lastToken else { throw .timesOutOfOrder }
    var tokens: [Nanoseconds] = []
    tokens.reserveCapacity(tokenTimes.count)
    var previous = first
    for time in tokenTimes {
      guard previous <= time, time <= lastToken else { throw .timesOutOfOrder }
      previous = time
      tokens.append(try difference(time, arrival))
    }
    var queue: Nanoseconds?
    if let scheduled { queue = try difference(scheduled, arrival) }
    return MeasuredTimes(
      scheduled: queue, firstToken: firstToken == nil ? nil : try difference(first, arrival),
      lastToken: try difference(lastToken, arrival), tokens: tokens)
  }

  private func difference(_ later: Int64, _ earlier: Int64) throws(RowProblem) -> Nanoseconds {
    let (value, overflow) = later.subtractingReportingOverflow(earlier)
    guard !overflow else { throw .timeOutOfRange }
    return Nanoseconds(value)
  }
}

/// Values of rows, with their problems.
extension JSONScanner {
  /// The current number in units of 10 to the minus `decimals`.
  func rowTime(decimals: Int) throws(RowProblem) -> Int64 {
    switch fixedPoint(decimals: decimals) {
    case .exact(let value), .rounded(let value): return value
    case .overflow: throw .timeOutOfRange
    case .malformed: throw .badNumber
    }
  }

  /// The current number, which is whole.
  func rowInteger() throws(RowProblem) -> Int64 {
    switch fixedPoint(decimals: 0) {
    case .exact(let value): return value
    case .overflow: throw .tokensOutOfRange
    case .rounded, .malformed: throw .badNumber
    }
  }

  /// A hash or token id: 64 bits without a sign, which neither `Int64` nor `Double` holds.
  func rowName() throws(RowProblem) -> UInt64 {
    let value = withToken { (bytes: Span<UInt8>) -> UInt64? in
      var value: UInt64 = 0
      for index in bytes.indices {
        let digit = UInt64(bytes[index] &- UInt8(ascii: "0"))
        guard digit < 10 else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(digit)
        guard !overflow, !carry else { return nil }
        value = sum
      }
      return bytes.isEmpty ? nil : value
    }
    guard let value else { throw .badNumber }
    return value
  }

  /// The array of texts that `token` begins.
  mutating func rowTexts(_ token: Token) throws -> [String] {
    guard token == .arrayStart else { throw RowProblem.badNumber }
    var texts: [String] = []
    while true {
      let element = try next()
      if element == .arrayEnd { return texts }
      guard element == .string else { throw RowProblem.badNumber }
      texts.append(string())
    }
  }

  /// The array of names that `token` begins.
  mutating func rowNames(_ token: Token) throws -> [UInt64] {
    guard token == .arrayStart else { throw RowProblem.badNumber }
    var names: [UInt64] = []
    while true {
      let element = try next()
      if element == .arrayEnd { return names }
      guard element == .number else { throw RowProblem.badNumber }
      names.append(try rowName())
    }
  }
}
