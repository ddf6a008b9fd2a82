import TraceIO

/// A step of an engine as it was measured: what its batch held, and how long it took.
public struct MeasuredStep: Hashable, Sendable {
  /// One sequence's part in a step.
  public struct Sequence: Hashable, Sendable {
    /// The tokens that were computed.
    public var query: Int
    /// The tokens that were in the key-value cache before.
    public var past: Int
    /// The tokens that were sampled; 0 within a chunked prompt.
    public var samples: Int

    /// Creates a part.
    public init(query: Int, past: Int, samples: Int) {
      self.query = query
      self.past = past
      self.samples = samples
    }
  }

  /// The start in nanoseconds, from the recorder's origin.
  public var start: Int64
  /// The duration of the whole step in nanoseconds.
  public var duration: Int64
  /// The part of the duration that the host spent on scheduling and launching, in nanoseconds.
  public var host: Int64
  /// The sequences of the batch.
  public var batch: [Sequence]

  /// Creates a step.
  public init(start: Int64, duration: Int64, host: Int64, batch: [Sequence]) {
    self.start = start
    self.duration = duration
    self.host = host
    self.batch = batch
  }
}

/// Imports Reprise's own measured steps, one JSON object a line (`steps.jsonl[.zst]`):
///
///     {"start_ns": 1000, "duration_ns": 5200, "host_ns": 300, "batch": [[512, 0, 1], [1, 90, 1]]}
///
/// `start_ns`, `duration_ns` and `batch` are required, `host_ns` is 0 if missing. A damaged line
/// is counted and skipped.
public enum StepsReader {
  /// Imports a file, or standard input where `path` is `-`.
  ///
  /// - Returns: The steps in the order of the file, and a trace without samples that carries the
  ///   digest of the input and the coverage.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> (steps: [MeasuredStep], trace: ImportedTrace) {
    var steps: [MeasuredStep] = []
    var trace = ImportedTrace(format: .steps)
    try SweepReader.forEachRecord(path: path, options: options, &trace) {
      (scanner, _) throws(TraceIOError) in
      switch try StepRecord(&scanner).step(options) {
      case .success(let step): steps.append(step)
      case .failure(let rejection): return rejection.reason
      }
      return nil
    }
    guard !steps.isEmpty else { throw .noEvents(path: path) }
    return (steps, trace)
  }
}

/// One line of a step log while it is read.
private struct StepRecord {
  private var start: Int64?
  private var duration: Int64?
  private var host: Int64?
  private var batch: [MeasuredStep.Sequence]?
  private var hasBadValue = false

  private static let fields = JSONKeys(["start_ns", "duration_ns", "host_ns", "batch"])

  init(_ scanner: inout JSONScanner) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else { return }
    while try scanner.next() == .key {
      let field = scanner.index(in: Self.fields)
      if field == 3 {
        batch = try sequences(&scanner)
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

  private mutating func sequences(
    _ scanner: inout JSONScanner
  ) throws(TraceIOError) -> [MeasuredStep.Sequence] {
    var result: [MeasuredStep.Sequence] = []
    let first = try scanner.next()
    guard first == .arrayStart else {
      hasBadValue = true
      try scanner.skipValue(of: first)
      return []
    }
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return result }
      guard token == .arrayStart else {
        hasBadValue = true
        try scanner.skipValue(of: token)
        continue
      }
      var values: [Int64] = []
      while true {
        let token = try scanner.next()
        if token == .arrayEnd { break }
        values.append(integer(scanner, token) ?? -1)
        try scanner.skipValue(of: token)
      }
      let limit: Int64 = 1 << 40
      guard values.count == 3, values.allSatisfy({ $0 >= 0 && $0 < limit }) else {
        hasBadValue = true
        continue
      }
      result.append(
        MeasuredStep.Sequence(
          query: Int(values[0]), past: Int(values[1]), samples: Int(values[2])))
    }
  }

  func step(_ options: ImportOptions) -> Result<MeasuredStep, Rejection> {
    if hasBadValue { return .failure(Rejection(reason: .badValue)) }
    guard let start, let duration, let batch else {
      return .failure(Rejection(reason: .missingField))
    }
    let host = host ?? 0
    guard duration >= 0, host >= 0 else { return .failure(Rejection(reason: .negativeDuration)) }
    guard duration <= options.maximumDuration else {
      return .failure(Rejection(reason: .durationTooLong))
    }
    return .success(MeasuredStep(start: start, duration: duration, host: host, batch: batch))
  }
}
