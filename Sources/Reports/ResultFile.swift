import Foundation
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
    workload: [String: ResultValue]? = nil, summary: ReplaySummary, bands: LatencyBands? = nil,
    timeShares: TimeShares? = nil, validation: Validation? = nil, warnings: [String] = []
  ) {
    self.toolVersion = toolVersion
    self.inputs = inputs
    self.deployment = deployment
    self.workload = workload
    self.summary = summary
    self.bands = bands
    self.timeShares = timeShares
    self.validation = validation
    self.warnings = warnings
  }

  /// Writes the file.
  public func write(to path: String) throws(OutputError) {
    let data: Data
    do {
      data = try indentedJSON(self)
    } catch {
      throw OutputError(path: path, reason: "a figure is infinite or not a number")
    }
    var file = try OutputFile(path: path)
    try file.write(Array(data))
    try file.write("\n")
    try file.commit()
  }

  /// What can be read back from a file that ``write(to:)`` wrote.
  public struct Stored: Sendable {
    /// What the simulated time rests on, if the file says.
    public var timeShares: TimeShares?
    /// The comparison with what was measured, if there was one.
    public var validation: Validation?
    /// Requests of the log that was replayed.
    public var requests: Int
  }

  /// Reads back a file that ``write(to:)`` wrote.
  public static func read(_ path: String) throws(ReportError) -> Stored {
    struct Count: Decodable {
      var requests: Int
    }
    struct Part: Decodable {
      var summary: Count
      var schema: String
      var version: Int
      var simulated_time: TimeShares?
      var validation: Validation?
    }
    let data = try readWholeFile(path)
    let part: Part
    do {
      part = try JSONDecoder().decode(Part.self, from: data)
    } catch {
      throw .badFile(path: path, reason: "it is not a result of ours, or it is damaged")
    }
    guard part.schema == schema, part.version == version else {
      throw .badFile(
        path: path, reason: "it is \(part.schema) version \(part.version), not \(schema) \(version)"
      )
    }
    return Stored(
      timeShares: part.simulated_time, validation: part.validation,
      requests: part.summary.requests)
  }
}

extension ResultFile: Encodable {
  private enum Key: String, CodingKey {
    case schema, version, tool, inputs, deployment, workload, summary, validation, warnings
    case bands = "latency_bands"
    case timeShares = "simulated_time"
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
    try values.encodeIfPresent(bands, forKey: .bands)
    try values.encodeIfPresent(timeShares, forKey: .timeShares)
    try values.encodeIfPresent(validation, forKey: .validation)
    try values.encode(warnings, forKey: .warnings)
  }
}

/// JSON as we write it: indented, members sorted.
func indentedJSON(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value)
}

/// A value of a deployment's echo, as JSON has them.
public enum ResultValue: Sendable, Hashable {
  /// A text.
  case text(String)
  /// A whole number.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// Yes or no.
  case flag(Bool)
  /// Several values.
  case list([ResultValue])
  /// Values with names.
  case object([String: ResultValue])
}

extension ResultValue: Encodable {
  /// Writes the bare value.
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .text(let text): try value.encode(text)
    case .integer(let integer): try value.encode(integer)
    case .number(let number): try value.encode(number)
    case .flag(let flag): try value.encode(flag)
    case .list(let list): try value.encode(list)
    case .object(let object): try value.encode(object)
    }
  }
}

extension ResultValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Yes or no.
  public init(booleanLiteral value: Bool) { self = .flag(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
}
