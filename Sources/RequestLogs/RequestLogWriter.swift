import Operators
public import TraceIO

/// Writes a log in our own format, which keeps everything that a ``RequestRecord`` holds.
///
/// JSONL: a header `{"schema":"reprise.request-log","version":1}`, then a row a request.
/// `TraceSchemas/request-log.schema.json` is the contract. All instants are whole nanoseconds on
/// the clock of the arrivals. The file appears under its name only when it is complete.
public struct RequestLogWriter: ~Copyable {
  /// The value of the header's `schema`.
  public static let schema = "reprise.request-log"
  /// The value of the header's `version`.
  public static let version: Int64 = 1

  private var file: OutputFile

  /// Begins a log that will be at `path`.
  public init(path: String) throws(OutputError) {
    var begun = try OutputFile(path: path)
    try begun.write("{\"schema\":\"\(Self.schema)\",\"version\":\(Self.version)}\n")
    file = begun
  }

  /// Writes a whole log.
  public static func write(_ records: [RequestRecord], to path: String) throws(OutputError) {
    var writer = try RequestLogWriter(path: path)
    for record in records { try writer.append(record) }
    try writer.commit()
  }

  /// Adds a request.
  public mutating func append(_ record: RequestRecord) throws(OutputError) {
    var row: [UInt8] = []
    Self.append(record, to: &row)
    try file.write(row)
  }

  /// Writes what is left and gives the file its name, replacing what bore it.
  public mutating func commit() throws(OutputError) { try file.commit() }

  /// Appends a row with its line end.
  static func append(_ record: RequestRecord, to bytes: inout [UInt8]) {
    func instant(_ name: String, _ time: Nanoseconds) {
      bytes.append(contentsOf: ",\"\(name)\":\((record.arrival + time).rawValue)".utf8)
    }
    bytes.append(contentsOf: "{\"id\":".utf8)
    appendJSONString(record.id, to: &bytes)
    bytes.append(contentsOf: ",\"arrival_ns\":\(record.arrival.rawValue)".utf8)
    bytes.append(contentsOf: ",\"input_tokens\":\(record.inputTokens)".utf8)
    bytes.append(contentsOf: ",\"output_tokens\":\(record.outputTokens)".utf8)
    if record.priority != 0 { bytes.append(contentsOf: ",\"priority\":\(record.priority)".utf8) }
    if let measured = record.measured {
      if let scheduled = measured.scheduled { instant("scheduled_ns", scheduled) }
      if let firstToken = measured.firstToken { instant("first_token_ns", firstToken) }
      instant("last_token_ns", measured.lastToken)
      if !measured.tokens.isEmpty {
        let instants = measured.tokens.map { String((record.arrival + $0).rawValue) }
        bytes.append(contentsOf: ",\"token_ns\":[\(instants.joined(separator: ","))]".utf8)
      }
    }
    if !record.content.isEmpty {
      let names = record.content.map { String($0) }.joined(separator: ",")
      bytes.append(contentsOf: ",\"content\":[\(names)]".utf8)
      bytes.append(
        contentsOf: ",\"tokens_per_content_name\":\(record.tokensPerContentName)".utf8)
    }
    if let session = record.session {
      bytes.append(contentsOf: ",\"session\":".utf8)
      appendJSONString(session, to: &bytes)
    }
    if let parent = record.parentSession {
      bytes.append(contentsOf: ",\"parent_session\":".utf8)
      appendJSONString(parent, to: &bytes)
    }
    if let think = record.thinkTime {
      bytes.append(contentsOf: ",\"think_ns\":\(think.rawValue)".utf8)
    }
    if let cancelled = record.cancelled { instant("cancelled_ns", cancelled) }
    if let requestClass = record.requestClass {
      bytes.append(contentsOf: ",\"class\":".utf8)
      appendJSONString(requestClass, to: &bytes)
    }
    if let passages = record.passages {
      bytes.append(contentsOf: ",\"passages\":\(passages)".utf8)
    }
    if let tokens = record.passageTokens {
      bytes.append(contentsOf: ",\"passage_tokens\":\(tokens)".utf8)
    }
    if let difficulty = record.difficulty {
      bytes.append(contentsOf: ",\"difficulty\":\(difficulty)".utf8)
    }
    if let stages = record.stages {
      bytes.append(contentsOf: ",\"stages\":[".utf8)
      for (index, stage) in stages.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendJSONString(stage, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    }
    bytes.append(contentsOf: "}\n".utf8)
  }
}
