/// How much an input may expand before it is refused.
public struct InputLimits: Hashable, Sendable {
  /// The most bytes of text; 64 GiB unless set.
  public var maximumOutput: Int
  /// The most bytes of text for each stored byte, once ``ratioFloor`` is passed; 200 unless set.
  ///
  /// Real traces reach 45.
  public var maximumRatio: Int
  /// The bytes of text from which on the ratio counts; 64 MiB unless set.
  public var ratioFloor: Int

  /// Creates limits.
  public init(
    maximumOutput: Int = 64 << 30, maximumRatio: Int = 200, ratioFloor: Int = 64 << 20
  ) {
    self.maximumOutput = maximumOutput
    self.maximumRatio = maximumRatio
    self.ratioFloor = ratioFloor
  }

  /// The limits that hold unless the user sets others.
  public static let standard = InputLimits()
}

/// How an input is stored.
public enum InputCompression: String, Hashable, Sendable {
  /// As it is.
  case none
  /// One or more gzip members.
  case gzip
  /// One or more Zstandard frames.
  case zstd
}

/// What is known about an input once it has been read.
public struct InputSummary: Hashable, Sendable {
  /// The path as given by the user.
  public var path: String
  /// How it is stored.
  public var compression: InputCompression
  /// The SHA-256 of all stored bytes, in lower-case hexadecimal.
  public var sha256: String
  /// The number of stored bytes.
  public var storedBytes: Int
  /// The number of bytes of text that were read; less than all where reading ended early.
  public var textBytes: Int
  /// The byte of the text where the first record begins that damage has spoiled, if reading ended
  /// there without an error.
  public var damagedAt: Int?
  /// Whether the last line, where lines were read, has an end.
  public var lastLineHasEnd = true
}
