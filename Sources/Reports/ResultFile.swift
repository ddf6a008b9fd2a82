import Foundation
public import Operators
public import Replay
public import TraceIO
public import Validation

/// `result.json`: what was replayed, on what, with what result, so that the run can be judged and
/// repeated; `TraceSchemas/result.schema.json` is its contract.
///
/// The bytes depend on nothing but the content: keys are sorted, and no time of writing is told.
public struct ResultFile: Sendable {
  /// The value of the key `schema`.
  public static let schema = "reprise.result"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  /// A file that the run read.
  public struct Input: Sendable, Hashable, Codable {
    /// What it was read as: `request-log`, `operator-database`, `scenario`, ...
    public var role: String
    /// Its name as the user gave it.
    public var path: String
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    public var sha256: String
    /// Its size in bytes, if known.
    public var bytes: Int?

    /// Creates an input.
    public init(role: String, path: String, sha256: String, bytes: Int? = nil) {
      self.role = role
      self.path = path
      self.sha256 = sha256
      self.bytes = bytes
    }
  }

  /// The version of the tool that wrote the file.
  public var toolVersion: String
  /// Everything that was read.
  public var inputs: [Input]
  /// The deployment as it was understood, defaults filled in.
  public var deployment: [String: ResultValue]
  /// What was made of the log, and the resulting rate, if known.
  public var workload: [String: ResultValue]?
  /// Counts, rates and latencies.
  public var summary: ReplaySummary
  /// What each engine did; nil in files of earlier versions.
  public var engines: [EngineSummary]?
  /// Energy and cost of all engines, where data sheets know them; nil in files of earlier versions.
  public var resources: ResourceTotals?
  /// Where its latencies lie, if that was asked for.
  public var bands: LatencyBands?
  /// What the simulated time rests on, if known.
  public var timeShares: TimeShares?
  /// The comparison with what was measured, if anything was.
  public var validation: Validation?
  /// What the user should know before believing the rest.
  public var warnings: [String]

  /// Creates a result.
  public init(
    toolVersion: String, inputs: [Input], deployment: [String: ResultValue],
    workload: [String: ResultValue]? = nil, summary: ReplaySummary,
    engines: [EngineSummary]? = nil, resources: ResourceTotals? = nil, bands: LatencyBands? = nil,
    timeShares: TimeShares? = nil,
    validation: Validation? = nil, warnings: [String] = []
  ) {
    self.toolVersion = toolVersion
    self.inputs = inputs
    self.deployment = deployment
    self.workload = workload
    self.summary = summary
    self.engines = engines
    self.resources = resources
    self.bands = bands
    self.timeShares = timeShares
    self.validation = validation
    self.warnings = warnings
  }

  /// Until when requests were a warm-up, on the replay's clock; zero without one.
  public var warmUp: Nanoseconds {
    guard case .integer(let warmUp)? = workload?["warm_up_ns"] else { return .zero }
    return Nanoseconds(Int64(warmUp))
  }

  /// Writes the file.
  public func write(to path: String) throws(OutputError) {
    try writeJSON(self, to: path)
  }

  /// Reads a file that ``write(to:)`` wrote.
  public static func read(_ path: String) throws(ReportError) -> ResultFile {
    try readResult(path, schema: schema, version: version)
  }
}

extension ResultFile: Codable {
  private enum Key: String, CodingKey {
    case schema, version, tool, inputs, deployment, workload, summary, engines, resources
    case validation, warnings
    case bands = "latency_bands"
    case timeShares = "simulated_time"
  }

  /// Reads every part; what is left out is unknown.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    toolVersion = try values.decode([String: String].self, forKey: .tool)["version"] ?? ""
    inputs = try values.decode([Input].self, forKey: .inputs)
    deployment = try values.decode([String: ResultValue].self, forKey: .deployment)
    workload = try values.decodeIfPresent([String: ResultValue].self, forKey: .workload)
    summary = try values.decode(ReplaySummary.self, forKey: .summary)
    engines = try values.decodeIfPresent([EngineSummary].self, forKey: .engines)
    resources = try values.decodeIfPresent(ResourceTotals.self, forKey: .resources)
    bands = try values.decodeIfPresent(LatencyBands.self, forKey: .bands)
    timeShares = try values.decodeIfPresent(TimeShares.self, forKey: .timeShares)
    validation = try values.decodeIfPresent(Validation.self, forKey: .validation)
    warnings = try values.decode([String].self, forKey: .warnings)
  }

  /// Writes every part; what is unknown is left out.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(Self.schema, forKey: .schema)
    try values.encode(Self.version, forKey: .version)
    try values.encode(["name": "reprise", "version": toolVersion], forKey: .tool)
    try values.encode(inputs, forKey: .inputs)
    try values.encode(deployment, forKey: .deployment)
    try values.encodeIfPresent(workload, forKey: .workload)
    try values.encode(summary, forKey: .summary)
    try values.encodeIfPresent(engines, forKey: .engines)
    try values.encodeIfPresent(resources, forKey: .resources)
    try values.encodeIfPresent(bands, forKey: .bands)
    try values.encodeIfPresent(timeShares, forKey: .timeShares)
    try values.encodeIfPresent(validation, forKey: .validation)
    try values.encode(warnings, forKey: .warnings)
  }
}
