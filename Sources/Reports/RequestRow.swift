public import Replay
public import RequestLogs
public import Validation

/// One row of `requests.csv`: what became of a request, what was measured of it, and what the
/// roofline makes of it.
public struct RequestRow: Sendable, Hashable {
  /// The log's name for the request.
  public var id: String
  /// What the replay made of it.
  public var outcome: RequestOutcome
  /// What the log measured, if it did.
  public var measured: RequestLatencies?
  /// What the roofline's replay made of it, if there was one and it finished.
  public var roofline: RequestLatencies?

  /// Creates a row.
  public init(
    id: String, outcome: RequestOutcome, measured: RequestLatencies? = nil,
    roofline: RequestLatencies? = nil
  ) {
    self.id = id
    self.outcome = outcome
    self.measured = measured
    self.roofline = roofline
  }

  /// The rows of a replay: outcomes in the log's order, as a replay returns them.
  ///
  /// Rows end with the shorter of log and outcomes.
  public static func rows(
    log: [RequestRecord], outcomes: [RequestOutcome], roofline: [RequestOutcome] = []
  ) -> [RequestRow] {
    zip(log, outcomes).enumerated().map { index, pair in
      RequestRow(
        id: pair.0.id, outcome: pair.1, measured: RequestLatencies(pair.0),
        roofline: index < roofline.count
          ? RequestLatencies(roofline[index], id: pair.0.id) : nil)
    }
  }
}

extension Validation {
  /// Compares the rows of a `requests.csv` that has measured latencies; pairs by row.
  ///
  /// The roofline is compared when any row has it.
  public init(
    rows: [RequestRow], excluding excluded: Set<String> = [], timeShares: TimeShares? = nil
  ) throws(ValidationError) {
    try self.init(
      measured: rows.map(\.measured),
      replayed: rows.map { RequestLatencies($0.outcome, id: $0.id) },
      roofline: rows.contains { $0.roofline != nil } ? rows.map(\.roofline) : nil,
      pairing: .order, excluding: excluded, timeShares: timeShares)
  }
}
