import Foundation
public import Operators
import Replay
import Validation

/// A result of `replay` or `pipeline`, read back from its folder for a page.
public struct ReportedRun {
  /// What kind of result it is.
  enum Result {
    case replay(ResultFile)
    case pipeline(ScenarioResultFile)
  }

  /// What its reader may want to hold a run against.
  public struct Objectives: Sendable, Hashable {
    /// The most that the quantile of the time to first token may be.
    public var timeToFirstToken: Nanoseconds?
    /// The most that the quantile of the time per output token may be.
    public var timePerOutputToken: Nanoseconds?
    /// The quantile, between 0 and 1.
    public var quantile: Double

    /// Creates objectives.
    public init(
      timeToFirstToken: Nanoseconds? = nil, timePerOutputToken: Nanoseconds? = nil,
      quantile: Double = 0.99
    ) {
      self.timeToFirstToken = timeToFirstToken
      self.timePerOutputToken = timePerOutputToken
      self.quantile = quantile
    }

    /// Whether there is nothing to hold.
    var isEmpty: Bool { timeToFirstToken == nil && timePerOutputToken == nil }
  }

  /// The folder, as the user gave it.
  let folder: String
  /// What it is called on the page.
  public var name: String
  let result: Result
  let digest: RequestDigest
  /// What engines did over time; empty where the run did not record it.
  let load: [EngineLoad]
  /// The same of a scenario's pools and links.
  let scenarioLoad: [ScenarioLoad]
  let objectives: Objectives
  /// The folder's files that a reader may want to open.
  let files: [String]

  /// Reads a folder that `replay` or `pipeline` wrote.
  ///
  /// - Complexity: O(n) in requests, in bounded memory.
  public init(folder: String, objectives: Objectives = Objectives()) throws(ReportError) {
    self.folder = folder
    self.objectives = objectives
    func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: folder + "/" + name)
    }
    guard FileManager.default.fileExists(atPath: folder) else {
      throw .cannotRead(path: folder, reason: "no such folder")
    }
    if exists("result.json") {
      result = .replay(try ResultFile.read(folder + "/result.json"))
    } else if exists("scenario-result.json") {
      result = .pipeline(try ScenarioResultFile.read(folder + "/scenario-result.json"))
    } else {
      throw .noResult(path: folder)
    }
    name = result.title
    let ends = result.summary.endToEnd
    digest = try RequestDigest(
      folder + "/requests.csv",
      limits: .init(
        timeToFirstToken: objectives.timeToFirstToken,
        timePerOutputToken: objectives.timePerOutputToken),
      slow: ends.map { ($0.p90, $0.p99) }, warmUp: result.warmUp)
    guard digest.rows == result.rows else {
      throw .badFile(
        path: folder + "/requests.csv",
        reason: "it has \(digest.rows) requests where the result counts \(result.rows)")
    }
    let loadFile = exists("load.csv") ? folder + "/load.csv" : nil
    switch result {
    case .replay:
      load = try loadFile.map(EngineLoad.read) ?? []
      scenarioLoad = []
    case .pipeline:
      load = []
      scenarioLoad = try loadFile.map(ScenarioLoad.read) ?? []
    }
    files = [
      "timeline.pftrace", "timeline.json", "requests.csv", "stages.csv", "load.csv", "result.json",
      "scenario-result.json",
    ].filter(exists)
  }
}

extension ReportedRun.Result {
  /// The heading.
  var title: String {
    switch self {
    case .replay(let file):
      let engines = file.engineText.map { " on \($0)" } ?? ""
      return (file.architecture ?? "replay") + engines
    case .pipeline(let file): return file.summary.scenario
    }
  }

  /// Rows that `requests.csv` must have: all that arrived, warm-up included.
  var rows: Int {
    switch self {
    case .replay(let file): file.summary.requests + file.summary.warmUp
    case .pipeline(let file): file.summary.requests
    }
  }

  /// When requests begin to count.
  var warmUp: Nanoseconds {
    if case .replay(let file) = self { file.warmUp } else { .zero }
  }

  var toolVersion: String {
    switch self {
    case .replay(let file): file.toolVersion
    case .pipeline(let file): file.toolVersion
    }
  }

  var inputs: [ResultFile.Input] {
    switch self {
    case .replay(let file): file.inputs
    case .pipeline(let file): file.inputs
    }
  }

  var warnings: [String] {
    switch self {
    case .replay(let file): file.warnings
    case .pipeline(let file): file.warnings
    }
  }

  var workload: [String: ResultValue] {
    switch self {
    case .replay(let file): file.workload ?? [:]
    case .pipeline(let file): file.workload ?? [:]
    }
  }

  /// What both kinds of results have been reduced to.
  var summary: any RunSummary {
    switch self {
    case .replay(let file): file.summary
    case .pipeline(let file): file.summary
    }
  }

  var resources: ResourceTotals? {
    switch self {
    case .replay(let file): file.resources
    case .pipeline(let file): file.summary.resources
    }
  }

  var validation: Validation? {
    if case .replay(let file) = self { file.validation } else { nil }
  }

  var bands: LatencyBands? {
    if case .replay(let file) = self { file.bands } else { nil }
  }

  var timeShares: TimeShares? {
    if case .replay(let file) = self { file.timeShares } else { nil }
  }
}

extension ResultFile {
  /// The first group of engines in the echo of the deployment.
  private var firstGroup: [String: ResultValue]? {
    guard case .list(let groups)? = deployment["engines"], case .object(let group)? = groups.first
    else { return nil }
    return group
  }

  /// The model's name.
  fileprivate var architecture: String? { firstGroup?["architecture"]?.text }

  /// "2 × h100-sxm, TP 4".
  fileprivate var engineText: String? {
    guard let group = firstGroup, let device = group["device"]?.text else { return nil }
    var text = device
    if case .integer(let count)? = group["count"], count > 1 { text = "\(count) × \(text)" }
    if case .integer(let degree)? = group["tensor_parallel"], degree > 1 {
      text += ", TP \(degree)"
    }
    return text
  }
}
