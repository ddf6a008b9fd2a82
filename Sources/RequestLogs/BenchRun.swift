import TraceIO

/// Reads a run of `vllm bench serve --save-detailed` or of SGLang's `bench_serving --output-details`: one
/// object with a column for each measurement.
///
/// - Times are seconds. `start_times` are of a clock without an epoch, and become times since the run's
///   first; runs that were appended to one file are laid end to end.
/// - Without `start_times` nothing tells when requests were sent, but where the rate is `inf` and no
///   concurrency is set: then all were at once.
/// - Requests that failed have zeros in the columns of times, or an entry in `errors`.
struct BenchRun {
  private static let keys = JSONKeys([
    "input_lens", "output_lens", "ttfts", "itls", "start_times", "errors", "request_rate",
    "max_concurrency", "latencies",
  ])

  private var inputs: [Int64?] = []
  private var outputs: [Int64?] = []
  private var firstTokens: [Int64?] = []
  private var gaps: [[Int64]?] = []
  private var latencies: [Int64?] = []
  private var starts: [Int64?] = []
  private var failed: [Bool] = []
  private var hasNoRate = false
  private var hasConcurrency = false

  /// The requests of the run whose bracket was read.
  ///
  /// - Parameters:
  ///   - origin: when the run begins.
  ///   - number: the run's number in the file, from 0; a later run's requests bear it.
  static func rows(
    _ scanner: inout JSONScanner, from origin: Int64, number: Int
  ) throws -> [RawRow] {
    var run = BenchRun()
    guard try run.takeMembers(&scanner) else { throw RowProblem.totalsOnly }
    return try run.rows(from: origin, number: number)
  }

  /// When the last of some rows ended.
  static func end(of rows: [RawRow]) -> Int64 {
    rows.reduce(0) { max($0, $1.lastToken ?? $1.arrival ?? 0) }
  }

  /// Takes the columns, and says whether the run has them.
  private mutating func takeMembers(_ scanner: inout JSONScanner) throws -> Bool {
    var hasRequests = false
    while try scanner.next() == .key {
      let index = scanner.index(in: Self.keys)
      let token = try scanner.next()
      switch (index, token) {
      case (0, .arrayStart):
        hasRequests = true
        inputs = try Self.column(&scanner, decimals: 0)
      case (1, .arrayStart): outputs = try Self.column(&scanner, decimals: 0)
      case (2, .arrayStart): firstTokens = try Self.column(&scanner, decimals: 9)
      case (3, .arrayStart): gaps = try Self.lists(&scanner)
      case (4, .arrayStart): starts = try Self.column(&scanner, decimals: 9)
      case (5, .arrayStart): failed = try Self.errors(&scanner)
      case (6, _):
        // JSON has no infinity: vLLM writes it as text, SGLang as a word.
        let text = token == .number ? "" : scanner.string().lowercased()
        hasNoRate = text == "inf" || text == "infinity"
        try scanner.skipValue(of: token)
      case (7, .number): hasConcurrency = true
      case (8, .arrayStart): latencies = try Self.column(&scanner, decimals: 9)
      default: try scanner.skipValue(of: token)
      }
    }
    return hasRequests
  }

  /// A column of numbers in units of 10 to the minus `decimals`; what is none becomes nil.
  private static func column(_ scanner: inout JSONScanner, decimals: Int) throws -> [Int64?] {
    var values: [Int64?] = []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return values }
      if token == .number {
        values.append(
          try decimals == 0 ? scanner.rowInteger() : scanner.rowTime(decimals: decimals))
      } else {
        values.append(nil)
        try scanner.skipValue(of: token)
      }
    }
  }

  private static func lists(_ scanner: inout JSONScanner) throws -> [[Int64]?] {
    var lists: [[Int64]?] = []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return lists }
      guard token == .arrayStart else {
        lists.append(nil)
        try scanner.skipValue(of: token)
        continue
      }
      let list = try column(&scanner, decimals: 9)
      let gaps = list.compactMap { $0 }
      lists.append(gaps.count == list.count ? gaps : nil)
    }
  }

  private static func errors(_ scanner: inout JSONScanner) throws -> [Bool] {
    var errors: [Bool] = []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return errors }
      errors.append(token != .null && !(token == .string && scanner.tokenLength == 0))
      try scanner.skipValue(of: token)
    }
  }

  private func rows(from origin: Int64, number: Int) throws -> [RawRow] {
    let first = starts.lazy.compactMap(\.self).min()
    return try inputs.indices.map { index in
      var row = RawRow()
      row.id = number == 0 ? String(index) : "\(number)/\(index)"
      row.inputTokens = inputs[index]
      row.outputTokens = Self.element(outputs, index)
      if let first, let start = Self.element(starts, index) {
        let (offset, overflow) = start.subtractingReportingOverflow(first)
        guard !overflow else { throw RowProblem.timeOutOfRange }
        row.arrival = try RawRow.sum(origin, offset)
      } else if starts.isEmpty, hasNoRate, !hasConcurrency {
        row.arrival = origin
      } else {
        row.problem = .noArrival
      }
      let firstToken = Self.element(firstTokens, index)
      row.failed =
        index < failed.count && failed[index] || row.outputTokens == 0 && (firstToken ?? 0) == 0
      row.timeToFirstToken = firstToken
      row.tokenGaps = Self.element(gaps, index) ?? []
      if !row.failed { row.latency = Self.element(latencies, index) }
      try row.settle()
      row.dropUnstreamed()
      return row
    }
  }

  private static func element<Value>(_ column: [Value?], _ index: Int) -> Value? {
    index < column.count ? column[index] : nil
  }
}
