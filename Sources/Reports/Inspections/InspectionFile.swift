public import OperatorStore
public import ProfilerTraces
public import RequestLogs

/// What was found in sources, and what imports made of them, as JSON; `TraceSchemas/inspection.schema.json`
/// describes it.
public struct InspectionFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.inspection"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private var traces: [ResultValue] = []
  private var logs: [ResultValue] = []

  /// Creates a file without sources.
  public init() {}

  /// Whether there is nothing in it.
  public var isEmpty: Bool { traces.isEmpty && logs.isEmpty }

  /// Adds a trace or table.
  ///
  /// - Parameters:
  ///   - device: the name that it is or would be imported for; nil where nobody gives one.
  ///   - outcome: what became of it in a database; nil where it was only looked at.
  public mutating func add(
    _ trace: ImportedTrace, device: String?, outcome: OperatorStore.ImportOutcome? = nil
  ) {
    traces.append(.object(trace.document(device: device, outcome: outcome)))
  }

  /// Adds a request log.
  public mutating func add(_ log: LogInspection, path: String) {
    logs.append(.object(log.document(path: path)))
  }
}
