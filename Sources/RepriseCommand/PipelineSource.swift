import Reprise

/// Where the requests of a scenario come from: a log, or draws.
struct PipelineSource {
  private var records: ArraySlice<RequestRecord> = []
  private var drawn: SyntheticRequests?
  private var left: Int
  /// How many requests there are; nil where that shows in the end.
  let count: Int?
  /// The files that were read.
  private(set) var inputs: [InputSummary] = []
  /// What a user should know about the log.
  private(set) var warnings: [String] = []
  /// What was read or is drawn, in lines.
  let text: String
  /// What was made of the log, for the result.
  let echo: [String: ResultValue]?

  /// Opens a log, or begins to draw a scenario's workload.
  init(
    log: String?, reading: RequestLogReader.Options, options: WorkloadOptions,
    workload: SyntheticWorkload?, limit: Int?
  ) throws {
    left = limit ?? .max
    guard let log else {
      guard let workload else {
        throw Failure(.usage, "the scenario has no 'workload'; add one, or give --log")
      }
      drawn = try SyntheticRequests(workload)
      count = workload.count.map { min($0, limit ?? .max) } ?? limit
      text =
        "requests are drawn, seed \(workload.seed): "
        + "\(fixedText(workload.rate, decimals: 3)) requests/s"
      echo = [
        "seed": .text(String(workload.seed)), "requests_per_second": .number(workload.rate),
      ].merging(count.map { ["requests": .integer($0)] } ?? [:]) { $1 }
      return
    }
    var whole = try RequestLog(path: log, options: reading)
    if let limit { whole.records = Array(whole.records.prefix(limit)) }
    for record in whole.records { try ReplayedLog.check(record, after: whole.records.first) }
    // A log's clock may begin with an epoch; a scenario's outages and looks count from its first request.
    let first = whole.records.lazy.map(\.arrival).min() ?? .zero
    for index in whole.records.indices {
      whole.records[index].arrival = whole.records[index].arrival - first
    }
    let load = options.workload(of: whole.records)
    guard !load.records.isEmpty else {
      throw Failure(
        .data,
        "\(log): no request is left of \(whole.records.count); widen --window, raise --thin")
    }
    // Tied arrivals that were spread may stand behind later ones.
    let order = load.records.indices.sorted {
      (load.records[$0].arrival, $0) < (load.records[$1].arrival, $1)
    }
    let sent = load.recordsWithPauses
    records = order.map { sent[$0] }[...]
    count = records.count
    inputs = whole.input.map { [$0] } ?? []
    var summary = whole.summary
    if options.clients != nil { summary.leaveToClients() }
    warnings = summary.warnings
    text = ["log \(log)", summary.text, load.text].compactMap(\.self).joined(separator: "\n")
    echo = load.echo
  }

  /// The next request; nil at the end.
  mutating func next() throws -> RequestRecord? {
    guard left > 0 else { return nil }
    left -= 1
    if drawn != nil { return drawn?.next() }
    return records.popFirst()
  }
}
