import Foundation
import Operators

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

  private let path: String
  private let temporaryPath: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []

  /// Begins a log beside `path`.
  public init(path: String) throws(RequestLogError) {
    self.path = path
    temporaryPath = path + "." + String(UInt64.random(in: .min ... .max), radix: 36) + ".tmp"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
    }
    buffer = Array("{\"schema\":\"\(Self.schema)\",\"version\":\(Self.version)}\n".utf8)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporaryPath)
  }

  /// Writes a whole log.
  public static func write(_ records: [RequestRecord], to path: String) throws(RequestLogError) {
    var writer = try RequestLogWriter(path: path)
    for record in records { try writer.append(record) }
    try writer.commit()
  }

  /// Adds a request.
  public mutating func append(_ record: RequestRecord) throws(RequestLogError) {
    Self.append(record, to: &buffer)
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// Writes what is left and gives the file its name, replacing what bore it.
  public mutating func commit() throws(RequestLogError) {
    guard descriptor >= 0 else { return }
    try flush()
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporaryPath, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporaryPath)
      throw .cannotWrite(path: path, reason: reason)
    }
  }

  private mutating func flush() throws(RequestLogError) {
    var done = 0
    while done < buffer.count {
      let written = buffer.withUnsafeBytes { bytes in
        Foundation.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
      }
      done += written
    }
    buffer.removeAll(keepingCapacity: true)
  }

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
    if let measured = record.measured {
      if let scheduled = measured.scheduled { instant("scheduled_ns", scheduled) }
      instant("first_token_ns", measured.firstToken)
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
    bytes.append(contentsOf: "}\n".utf8)
  }

  private static func appendJSONString(_ text: String, to bytes: inout [UInt8]) {
    let hexadecimal = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(hexadecimal[Int(byte >> 4)])
        bytes.append(hexadecimal[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
