/// Why input could not be read: what is wrong, where, and what to do about it.
public struct TraceIOError: Error, Hashable, Sendable {
  /// What is wrong.
  public var reason: Reason
  /// The path as given by the user; `-` is standard input.
  public var path: String
  /// Where it is wrong.
  public var position: Position
  /// What was found there, in a few words; may be empty.
  public var detail: String

  /// Creates an error.
  public init(_ reason: Reason, path: String, at position: Position, _ detail: String = "") {
    self.reason = reason
    self.path = path
    self.position = position
    self.detail = detail
  }
}

extension TraceIOError {
  /// What is wrong with the input.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    /// The file could not be opened.
    case cannotOpen
    /// The path is a folder's, where a file is read.
    case folder
    /// The operating system failed to read.
    case readFailed
    /// A compressed stream ends before its end mark.
    case truncatedStream
    /// A compressed stream is damaged.
    case corruptStream
    /// The input is larger than ``InputLimits/maximumOutput``.
    case outputLimit
    /// The input expands more than ``InputLimits/maximumRatio`` allows.
    case ratioLimit
    /// The input is an archive or another container that is not read.
    case unsupportedContainer
    /// The bytes break the grammar of JSON.
    case syntax
    /// The JSON document ends before its last bracket.
    case truncatedDocument
    /// Brackets are nested deeper than ``JSONLimits/maximumDepth``.
    case tooDeep
    /// One number or literal is longer than any real one.
    case tokenTooLong
    /// One line is longer than the reader's limit.
    case lineTooLong
    /// A quoted CSV field does not end.
    case unclosedQuote
    /// The last row of a table has no line end.
    case unendedRow
    /// The content is well formed, but not what its schema asks for.
    case unexpectedContent
    /// A database is damaged, or is none.
    case corruptDatabase
    /// A database needs more work or memory than any real one.
    case databaseLimit
    /// There is no room for a temporary copy.
    case noScratchSpace
    /// The bytes break the wire format of Protocol Buffers.
    case malformedMessage
    /// A Protocol Buffers message ends before its stated length.
    case truncatedMessage
  }

  /// A place in the input.
  public enum Position: Hashable, Sendable {
    /// The input as a whole.
    case whole
    /// A byte of the file as stored, from 0.
    case storedByte(Int)
    /// A byte of the text after decompression, from 0.
    case byte(Int)
    /// A line of the text, from 1.
    case line(Int)
  }
}

extension TraceIOError: CustomStringConvertible {
  /// One sentence: the file, what is wrong, where, and what to do.
  public var description: String {
    let place =
      switch position {
      case .whole: ""
      case .storedByte(let offset): " at byte \(offset) of the file"
      case .byte(let offset): " at byte \(offset) of the text"
      case .line(let line): " in line \(line)"
      }
    let found = detail.isEmpty ? "" : ": \(detail)"
    return "\(path): \(sentence)\(place)\(found); \(advice)"
  }

  private var sentence: String {
    switch reason {
    case .cannotOpen: "cannot be opened"
    case .folder: "is a folder"
    case .readFailed: "cannot be read"
    case .truncatedStream: "the compressed stream ends early"
    case .corruptStream: "the compressed stream is damaged"
    case .outputLimit: "larger than the limit"
    case .ratioLimit: "expands more than any real trace"
    case .unsupportedContainer: "not a format that is read"
    case .syntax: "not valid JSON"
    case .truncatedDocument: "the JSON ends early"
    case .tooDeep: "brackets nested too deeply"
    case .tokenTooLong: "a number or word is too long"
    case .lineTooLong: "the line is too long"
    case .unclosedQuote: "a quoted field does not end"
    case .unendedRow: "the last line has no end and may be cut"
    case .unexpectedContent: "not as its schema says"
    case .corruptDatabase: "the SQLite database is damaged"
    case .databaseLimit: "the SQLite database is not like a profiler's"
    case .noScratchSpace: "cannot be expanded to a temporary file"
    case .malformedMessage: "not a valid Protocol Buffers message"
    case .truncatedMessage: "the message ends early"
    }
  }

  private var advice: String {
    switch reason {
    case .cannotOpen: "check the path and its permissions"
    case .folder: "name a file in it"
    case .readFailed: "check the disk, or copy the file again"
    case .truncatedStream, .corruptStream: "copy the file again, or capture it again"
    case .outputLimit: "raise --max-bytes if you trust the file"
    case .ratioLimit: "unpack it first if you trust the file"
    case .unsupportedContainer: "unpack it first; plain, gzip and zstd are read"
    case .syntax: "repair that place, or capture again with a newer profiler"
    case .truncatedDocument: "the profiler was stopped while writing: capture again"
    case .tooDeep, .tokenTooLong: "this is not a profiler's output"
    case .lineTooLong: "this is not one record a line"
    case .unclosedQuote: "repair the quotes"
    case .unendedRow: "copy the file again, or end the line if it is whole"
    case .unexpectedContent: "see TraceSchemas"
    case .corruptDatabase: "copy the file again, or export it again"
    case .databaseLimit: "export it again with the profiler's own tool"
    case .noScratchSpace: "make room, set TMPDIR, or expand it yourself"
    case .malformedMessage: "copy the file again, or capture it again"
    case .truncatedMessage: "the file was cut off: copy it again, or capture it again"
    }
  }
}
