public import OperatorStore

/// What a merge of databases made, as JSON; `TraceSchemas/merge.schema.json` describes it.
public struct MergeFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.merge"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private let output: String
  private let databases: Int
  private let sources, repeated, superseded: Int
  private let samples, curves, steps, calibrations: Int

  /// Takes what was made of so many databases.
  public init(_ outcome: OperatorStore.MergeOutcome, of databases: Int, output: String) {
    self.output = output
    self.databases = databases
    sources = outcome.sources
    repeated = outcome.repeated
    superseded = outcome.superseded
    samples = outcome.samples
    curves = outcome.curves
    steps = outcome.steps
    calibrations = outcome.calibrations
  }
}
