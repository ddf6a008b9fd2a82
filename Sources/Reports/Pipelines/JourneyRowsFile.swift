import Operators
public import Replay
public import Scenarios
public import TraceIO

/// `requests.csv` of a scenario: a row a request, written as requests end.
///
///     let rows = try JourneyRowsFile(path: "requests.csv", scenario)
///     let result = try simulation.run(outcome: rows.add) { try log.next() }
///     try rows.commit()
///
/// Rows are in the order of their ends, those of requests that never ended last; numbers count requests in the order of
/// the workload, from 0; ids are the log's, by which rows are joined to it. Times are whole nanoseconds; those that do not exist (of a request that did not finish, a time per output token of a
/// single token) are left empty. Names that a spreadsheet would run as a formula get an apostrophe in front.
/// Memory does not grow with the number of rows.
public final class JourneyRowsFile {
  static let columns = [
    "number", "id", "pipeline", "class", "status", "arrival_ns", "ttft_ns", "tpot_ns",
    "end_to_end_ns",
    "prompt_tokens", "context_tokens", "output_tokens", "cached_tokens", "fetched_tokens",
    "retries",
  ]

  private var writer: RowWriter
  private let pipelines: [[UInt8]]
  private let statuses: [JourneyOutcome.Status: [UInt8]]

  /// Opens the file; it gets its name with ``commit()``.
  public init(path: String, _ scenario: Scenario) throws(OutputError) {
    pipelines = scenario.pipelines.map { nameCell($0.name) }
    statuses = Dictionary(
      uniqueKeysWithValues: JourneyOutcome.Status.allCases.map { ($0, Array($0.rawValue.utf8)) })
    writer = try RowWriter(path: path, columns: Self.columns)
  }

  /// Why nothing more is written; nil while all is well. ``commit()`` throws it.
  public var error: OutputError? { writer.error }

  /// Adds a row.
  public func add(_ outcome: JourneyOutcome) {
    let finished = outcome.status == .finished
    func time(_ value: Nanoseconds?) -> Int64? { finished ? value?.rawValue : nil }
    writer.add(outcome.number)
    writer.add(nameCell(outcome.id))
    writer.add(pipelines.indices.contains(outcome.pipeline) ? pipelines[outcome.pipeline] : [])
    writer.add(outcome.requestClass.map(nameCell) ?? [])
    writer.add(statuses[outcome.status] ?? [])
    writer.add(outcome.arrival.rawValue)
    writer.add(time(outcome.timeToFirstToken))
    writer.add(time(outcome.timePerOutputToken))
    writer.add(time(outcome.endToEnd))
    writer.add(outcome.promptTokens)
    writer.add(outcome.contextTokens)
    writer.add(outcome.outputTokens)
    writer.add(outcome.cachedTokens)
    writer.add(outcome.fetchedTokens)
    writer.add(outcome.retries)
    writer.endRow()
  }

  /// Ends the file and gives it its name.
  public func commit() throws(OutputError) { try writer.commit() }
}
