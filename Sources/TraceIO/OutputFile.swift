import Foundation

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a temporary name in the same folder, and ``commit()`` renames it; without a commit
/// the temporary file is removed, so that neither a crash nor an error leaves half a report behind.
/// What is no regular file (a pipe, a device) is written to as it is, and a link to where it leads.
/// Writes are gathered into 64 KiB.
public struct OutputFile: ~Copyable {
  /// The name that the file will bear.
  public let path: String
  /// Where bytes go until the commit; nil where they go to ``path`` at once.
  private let temporaryPath: String?
  /// Where ``path`` leads.
  private let target: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []

  private static let bufferSize = 1 << 16

  /// Opens a temporary file beside `path`.
  public init(path: String) throws(OutputError) {
    self.path = path
    target = Self.target(of: path)
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      temporaryPath = nil
      descriptor = open(target, O_WRONLY | O_CLOEXEC)
    } else {
      let temporary = Self.temporaryName(beside: target)
      temporaryPath = temporary
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else { throw OutputError(path: path, reason: systemReason()) }
    buffer.reserveCapacity(Self.bufferSize)
  }

  /// Where a path leads, links followed; itself where nothing is there yet.
  package static func target(of path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A name in the same folder for what is not complete yet; no two are the same.
  package static func temporaryName(beside target: String) -> String {
    "\(target).\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if let temporaryPath { unlink(temporaryPath) }
  }

  /// Appends text as UTF-8.
  public mutating func write(_ text: String) throws(OutputError) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Appends bytes.
  public mutating func write(_ bytes: [UInt8]) throws(OutputError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Writes what is left and gives the file its name, replacing what bore it.
  public mutating func commit() throws(OutputError) {
    guard descriptor >= 0 else { return }
    try flush()
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, temporaryPath.map({ rename($0, target) == 0 }) ?? true else {
      let reason = systemReason()
      if let temporaryPath { unlink(temporaryPath) }
      throw OutputError(path: path, reason: reason)
    }
  }

  /// Writes a whole file in one go.
  public static func write(_ text: String, to path: String) throws(OutputError) {
    var file = try OutputFile(path: path)
    try file.write(text)
    try file.commit()
  }

  private mutating func flush() throws(OutputError) {
    var done = 0
    while done < buffer.count {
      let written = buffer.withUnsafeBytes { bytes in
        Foundation.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw OutputError(path: path, reason: systemReason()) }
      done += written
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// The system's word for what just failed.
private func systemReason() -> String { String(cString: strerror(errno)) }

/// Why a file could not be written.
public struct OutputError: Error, Hashable, Sendable {
  /// The file.
  public var path: String
  /// What refused it, mostly in the system's own words.
  public var reason: String

  /// Creates an error.
  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}

extension OutputError: CustomStringConvertible {
  /// Which file, why, and what to do.
  public var description: String {
    "\(path): cannot be written (\(reason)); name a file in a folder that exists and that you "
      + "may write to"
  }
}
