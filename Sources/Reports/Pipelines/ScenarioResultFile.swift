import Foundation
public import Replay
public import TraceIO

/// `scenario-result.json`: what a replay of a scenario read, simulated and found, so that it can be judged and
/// repeated; `TraceSchemas/scenario-result.schema.json` is its contract.
///
/// The bytes depend on nothing but the content: keys are sorted, and no time of writing is told.
public struct ScenarioResultFile: Sendable {
  /// The value of the key `schema`.
  public static let schema = "reprise.scenario-result"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  /// The version of the tool that wrote the file.
  public var toolVersion: String
  /// Everything that was read.
  public var inputs: [ResultFile.Input]
  /// The scenario's text, line by line.
  public var scenario: [String]
  /// What was made of the log, or how requests were generated, if known.
  public var workload: [String: ResultValue]?
  /// Counts, rates, latencies, and what each part did.
  public var summary: PipelineSummary
  /// What the user should know before believing the rest.
  public var warnings: [String]

  /// Creates a result.
  ///
  /// - Parameter scenario: the text of the scenario as it was read.
  public init(
    toolVersion: String, inputs: [ResultFile.Input], scenario: String,
    workload: [String: ResultValue]? = nil, summary: PipelineSummary, warnings: [String] = []
  ) {
    self.toolVersion = toolVersion
    self.inputs = inputs
    self.scenario = scenario.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).map(String.init)
    if self.scenario.last == "" { self.scenario.removeLast() }
    self.workload = workload
    self.summary = summary
    self.warnings = warnings
  }

  /// Writes the file.
  public func write(to path: String) throws(OutputError) {
    try writeJSON(self, to: path)
  }

  /// Reads a file that ``write(to:)`` wrote.
  public static func read(_ path: String) throws(ReportError) -> ScenarioResultFile {
    try readResult(path, schema: schema, version: version)
  }
}

extension ScenarioResultFile: Codable {
  private enum Key: String, CodingKey {
    case schema, version, tool, inputs, scenario, workload, summary, warnings
  }

  /// Reads every part; what is left out is unknown.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    toolVersion = try values.decode([String: String].self, forKey: .tool)["version"] ?? ""
    inputs = try values.decode([ResultFile.Input].self, forKey: .inputs)
    scenario = try values.decode([String].self, forKey: .scenario)
    workload = try values.decodeIfPresent([String: ResultValue].self, forKey: .workload)
    summary = try values.decode(PipelineSummary.self, forKey: .summary)
    warnings = try values.decode([String].self, forKey: .warnings)
  }

  /// Writes every part; what is unknown is left out.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(Self.schema, forKey: .schema)
    try values.encode(Self.version, forKey: .version)
    try values.encode(["name": "reprise", "version": toolVersion], forKey: .tool)
    try values.encode(inputs, forKey: .inputs)
    try values.encode(scenario, forKey: .scenario)
    try values.encodeIfPresent(workload, forKey: .workload)
    try values.encode(summary, forKey: .summary)
    try values.encode(warnings, forKey: .warnings)
  }
}
