import ArgumentParser
import Foundation
import Reprise

/// `reprise validate`: a replay's result against a measured run.
struct ValidateCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Hold a replay against measured latencies, request by request.",
    discussion: """
      Pairs every request of the result with the measured one of the same name, never sorted lists, \
      and prints mean and percentiles of TTFT, TPOT and end-to-end latency: measured, replayed, and \
      by the roofline alone. With --json prints the result (TraceSchemas/result.schema.json) with this \
      comparison as its 'validation'.

        reprise validate out --measured r.jsonl
        reprise validate out --measured r.jsonl --json
        reprise validate out --measured own.csv --log-mapping columns.json
      """)

  @Argument(help: "The output folder of 'reprise replay'.", completion: .file())
  var result: String

  @Option(help: "The log with measured latencies.", completion: .file())
  var measured: String

  @OptionGroup var reading: LogReadingArguments

  @Option(help: "Write a figure of the three distributions (SVG) here.", completion: .file())
  var figure: String?

  @Option(help: "Requests to leave out, by name, such as one that warmed the server up.")
  var exclude: [String] = []

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    try refuse(writing: [figure], over: [measured, reading.logMapping])
    try requireOutputs([figure])
    func isThere(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: result + "/" + name)
    }
    guard isThere("result.json") || !isThere("scenario-result.json") else {
      throw Failure(
        .data,
        "\(result): is of 'reprise pipeline', whose requests are not compared; give the folder of a "
          + "'reprise replay'")
    }
    let log = try RequestLog(path: measured, options: reading.reading())
    guard log.records.contains(where: { $0.measured != nil }) else {
      throw Failure(.data, "\(measured): holds no measured latencies")
    }
    let rows = try RequestsFile.read(result + "/requests.csv")
    var stored = try ResultFile.read(result + "/result.json")
    if stored.workload?["changes_load"] == .flag(true) {
      let what = "\(result): is of another load than its log (\(Self.loadOptions))"
      let replayed = stored.inputs.filter { $0.role == "request-log" }.map(\.sha256)
      let given = measured == "-" ? [] : try ResultFile.Input.files(["request-log": measured])
      guard !given.contains(where: { replayed.contains($0.sha256) }) else {
        throw Failure(.data, what + ", which measured nothing of it; replay the log as it is")
      }
      try note("reprise: warning: \(what): what was measured must be of that load")
    }
    let counted = stored.summary.requests + stored.summary.warmUp
    guard counted == rows.count else {
      throw Failure(
        .data,
        "\(result)/requests.csv: has \(rows.count) requests, result.json counts \(counted): "
          + "replay again")
    }
    let shares = stored.timeShares
    var excluded = Set(exclude)
    for name in exclude where !rows.contains(where: { $0.id == name }) {
      let hint = nearestName(to: name, among: rows.map(\.id))
      throw Failure(
        .usage,
        "--exclude \(name): no request of \(result) has this name"
          + (hint.map { "; did you mean '\($0)'?" } ?? ""))
    }
    // As 'replay' itself compares.
    excluded.formUnion(rows.lazy.filter { $0.outcome.arrival < stored.warmUp }.map(\.id))
    // Names that several requests bear tell nothing; as many in the same order do.
    let isNamed = Set(rows.map(\.id)).count == rows.count
    let isInOrder =
      rows.count == log.records.count
      && zip(rows, log.records).allSatisfy { Int($0.outcome.inputTokens) == $1.inputTokens }
    let pairing: Validation.Pairing = !isNamed && isInOrder ? .order : .id
    if pairing == .id {
      try checkSameRequests(rows, log)
      try noteOtherAnswers(rows, log)
    }
    let replayed = rows.map { RequestLatencies($0.outcome, id: $0.id) }
    let latencies = log.records.map { RequestLatencies($0) }
    let validation = try Validation(
      measured: latencies, replayed: replayed,
      roofline: rows.contains { $0.roofline != nil } ? rows.map(\.roofline) : nil,
      pairing: pairing, excluding: excluded, timeShares: shares)
    guard validation.counts.paired > 0 else {
      throw Failure(
        .data,
        "\(measured): names none of the requests of \(result): give the log that was replayed")
    }
    if json.isWanted {
      stored.validation = validation
      try printJSON(stored)
    } else {
      print(validation.text)
    }
    if let figure {
      try LatencyFigure(
        title: "Measured, replayed and roofline latencies of \(validation.counts.paired) requests",
        measured: latencies.compactMap { $0 }, replayed: replayed.compactMap { $0 },
        roofline: rows.compactMap(\.roofline)
      ).write(to: figure)
      try note("wrote \(figure)")
    }
  }

  /// What makes a load another than the log's (``WorkloadOptions/changesLoad``).
  private static let loadOptions =
    "--speed, --thin, --spread-ties, --closed-loop, --deadline, --window from later than 0"

  /// Says of how many requests the replayed answer is of another length than the measured one.
  private func noteOtherAnswers(_ rows: [RequestRow], _ log: RequestLog) throws {
    let lengths = Dictionary(
      rows.lazy.filter { $0.outcome.status == .finished }
        .map { ($0.id, Int($0.outcome.outputTokens)) }, uniquingKeysWith: { first, _ in first })
    let others = log.records.count { record in
      record.measured != nil && lengths[record.id].map { $0 != record.outputTokens } == true
    }
    guard others > 0 else { return }
    try note(
      "reprise: warning: \(counted(others, "request")) got another number of tokens in \(result) than in \(measured): "
        + "their latencies are of other answers")
  }

  /// Names such as `r0` stand in many logs: requests of one name must also be of one length.
  private func checkSameRequests(_ rows: [RequestRow], _ log: RequestLog) throws {
    let lengths = Dictionary(
      rows.map { ($0.id, Int($0.outcome.inputTokens)) }, uniquingKeysWith: { first, _ in first })
    for record in log.records {
      guard let length = lengths[record.id], length != record.inputTokens else { continue }
      throw Failure(
        .data,
        "\(measured): request '\(record.id)' has \(record.inputTokens) prompt tokens, in \(result) "
          + "\(length): give the log of the run that was replayed")
    }
  }
}
