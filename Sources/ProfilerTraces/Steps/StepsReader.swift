import Operators
import TraceIO

/// Imports Reprise's own measured steps, one JSON object a line (`steps.jsonl[.zst]`):
///
///     {"start_ns": 1000, "duration_ns": 5200, "host_ns": 300, "batch": [[512, 0, 1], [1, 90, 1]]}
///
/// A sequence of the batch is the tokens computed, those cached before, and those sampled (0 within
/// a chunked prompt). One that computes one token after others, and samples, is in decode; any
/// other is in prefill. `host_ns` may be missing. A damaged line is counted and skipped; so is one
/// with more than 2^24 tokens in a sequence, as in request logs, or 65,536 sequences.
public enum StepsReader {
  /// Imports a file, or standard input where `path` is `-`.
  ///
  /// - Returns: A trace without samples, whose ``ImportedTrace/measuredSteps`` are in the order of
  ///   the file.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var trace = ImportedTrace(format: .steps)
    try trace.readRecords(path: path, options: options) {
      (scanner, trace) throws(TraceIOError) in
      switch try StepRecord(&scanner).step(options) {
      case .success(let step): trace.measuredSteps.append(step)
      case .failure(let rejection): return rejection.reason
      }
      return nil
    }
    guard !trace.measuredSteps.isEmpty else { throw .nothing(in: trace.coverage, path: path) }
    return trace
  }
}

/// One line of a step log while it is read.
private struct StepRecord {
  private var start: Int64?
  private var duration: Int64?
  private var host: Int64?
  private var shape: StepShape?
  private var hasBadValue = false

  private static let fields = JSONKeys(["start_ns", "duration_ns", "host_ns", "batch"])

  init(_ scanner: inout JSONScanner) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else { return }
    while try scanner.next() == .key {
      let field = scanner.index(in: Self.fields)
      if field == 3 {
        shape = try shape(&scanner)
        continue
      }
      let token = try scanner.next()
      switch field {
      case 0: start = integer(scanner, token)
      case 1: duration = integer(scanner, token)
      case 2: host = integer(scanner, token)
      default: break
      }
      try scanner.skipValue(of: token)
    }
    // Nothing may follow on the line.
    _ = try scanner.next()
  }

  private mutating func integer(
    _ scanner: borrowing JSONScanner, _ token: JSONScanner.Token
  ) -> Int64? {
    if token == .number, let value = scanner.integer() { return value }
    hasBadValue = true
    return nil
  }

  private mutating func shape(_ scanner: inout JSONScanner) throws(TraceIOError) -> StepShape {
    var shape = StepShape()
    var sequences = 0
    let first = try scanner.next()
    guard first == .arrayStart else {
      hasBadValue = true
      try scanner.skipValue(of: first)
      return shape
    }
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return shape }
      guard token == .arrayStart else {
        hasBadValue = true
        try scanner.skipValue(of: token)
        continue
      }
      var values: [Int64] = []
      while true {
        let token = try scanner.next()
        if token == .arrayEnd { break }
        // A fourth value is one too many already.
        if values.count < 4 { values.append(integer(scanner, token) ?? -1) }
        try scanner.skipValue(of: token)
      }
      sequences += 1
      guard values.count == 3, values.allSatisfy({ (0...Int64(SizeLimits.tokens)).contains($0) }),
        sequences <= SizeLimits.sequences
      else {
        hasBadValue = true
        continue
      }
      let (query, past, samples) = (Int(values[0]), Int(values[1]), Int(values[2]))
      if query == 1 && past > 0 && samples > 0 {
        shape.addDecode(context: past + 1)
      } else if query > 0 {
        shape.addPrefill(tokens: query, past: past, samples: samples > 0)
      }
    }
  }

  func step(_ options: ImportOptions) -> Result<MeasuredStep, Rejection> {
    if hasBadValue { return .failure(Rejection(reason: .badValue)) }
    guard let start, let duration, let shape else {
      return .failure(Rejection(reason: .missingField))
    }
    // A sum at the limit may have been cut there.
    guard shape.prefillPairs < StepShape.largestSum else {
      return .failure(Rejection(reason: .badValue))
    }
    let host = host ?? 0
    guard duration >= 0, host >= 0 else { return .failure(Rejection(reason: .negativeDuration)) }
    guard duration <= options.maximumDuration else {
      return .failure(Rejection(reason: .durationTooLong))
    }
    return .success(
      MeasuredStep(start: Nanoseconds(start), duration: Nanoseconds(duration), shape: shape))
  }
}
