import Operators
import Replay
import Validation

/// What a page of results says, for programs: `TraceSchemas/report.schema.json` describes it.
///
/// Verdicts, figures, findings and the comparison; all else of a result is in its own `result.json` or
/// `scenario-result.json`.
public struct ReportFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.report"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private let results: [ResultValue]
  private let comparison: ResultValue?

  /// Says of runs what a page of them says; of several, the first is what others are held against.
  public init(_ runs: [ReportedRun]) {
    results = runs.map { .object($0.document) }
    comparison = runs.count > 1 ? .object(RunComparison(runs).document) : nil
  }
}

extension ReportedRun {
  /// This run's part of ``ReportFile``.
  fileprivate var document: [String: ResultValue] {
    var members: [String: ResultValue] = [
      "name": .text(name), "folder": .text(folder), "objective": .text(objectiveState),
      "load": .text(loadState),
      "verdict": .list(
        verdict.map { line in
          .object([
            "tone": .text(line.tone.rawValue),
            "sentence": .text(
              line.head.isEmpty ? line.sentence : line.head + " " + line.sentence),
          ])
        }),
      "latencies": .list(latencyDocuments), "figures": .object(figures),
      "findings": .list(findings.map { .object($0.document) }),
    ]
    switch result {
    case .replay: members["command"] = "replay"
    case .pipeline: members["command"] = "pipeline"
    }
    return members
  }

  /// The latencies of the page's tiles, with what stands beside them.
  private var latencyDocuments: [ResultValue] {
    RunTiles.latencies.compactMap { metric, statistic in
      guard let value = result.summary.statistics(metric)?[statistic] else { return nil }
      let beside = self.beside(metric, statistic)
      var members: [String: ResultValue] = [
        "metric": .text(metric.rawValue), "statistic": .text(statistic.rawValue),
        "replayed_ms": .number(value.milliseconds),
      ]
      for (name, time) in [
        ("measured_ms", beside.measured), ("low_ms", beside.low), ("high_ms", beside.high),
        ("roofline_ms", beside.roofline),
      ] {
        if let time { members[name] = .number(time.milliseconds) }
      }
      return .object(members)
    }
  }

  /// The other figures of its tiles.
  private var figures: [String: ResultValue] {
    let summary = result.summary
    var members: [String: ResultValue] = [
      "requests": .integer(summary.requests), "finished": .integer(summary.finished),
      "makespan_s": .number(summary.makespan.seconds),
      "requests_per_s": .number(summary.requestsPerSecond),
      "output_tokens_per_s": .number(summary.outputTokensPerSecond),
    ]
    let resources = result.resources
    for (name, value) in [
      ("goodput_requests_per_s", goodput?.rate), ("goodput_share", goodput?.share),
      ("cost_per_million_output_tokens", resources?.costPerMillionOutputTokens),
      ("joules_per_output_token", resources?.joulesPerOutputToken),
    ] {
      if let value { members[name] = .number(value) }
    }
    if case .replay(let file) = result {
      members["peak_memory_share"] = .number(file.summary.peakMemoryUse)
    }
    return members
  }

  /// Whether the objective is met: the verdict's first line in a word.
  private var objectiveState: String {
    switch verdict.first?.tone {
    case .good: "met"
    case .bad: "broken"
    case .doubt, .plain, nil: "none"
    }
  }

  private var loadState: String {
    switch saturation.state {
    case .unknown: "unknown"
    case .atOnce: "at-once"
    case .abandoned: "given-up"
    case .stopped: "stopped"
    case .overloaded: "saturated"
    case .queueing: "busy"
    case .keepsUp: "keeps-up"
    }
  }
}

extension Finding {
  fileprivate var document: [String: ResultValue] {
    var members: [String: ResultValue] = ["code": .text(code), "sentence": .text(sentence)]
    if !observed.isEmpty { members["observed"] = .text(observed) }
    if !threshold.isEmpty { members["told_from"] = .text(threshold) }
    if let count { members["requests"] = .integer(count) }
    return members
  }
}
