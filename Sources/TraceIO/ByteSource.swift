/// A stream of text from a plain, gzip or zstd input, in bounded memory.
///
/// The kind is told by the first bytes, never by the file's name. Expansion is bounded by
/// ``InputLimits``, and the SHA-256 of the stored bytes is computed as they pass.
///
///     var source = try ByteSource(path: "trace.json.gz")
///     let scanner = JSONScanner(source)
public struct ByteSource: ~Copyable {
  private enum Decoder: ~Copyable {
    case plain
    case gzip(GzipDecoder)
    case zstd(ZstdDecoder)

    var compression: InputCompression {
      switch self {
      case .plain: .none
      case .gzip: .gzip
      case .zstd: .zstd
      }
    }
  }

  private var input: StoredInput
  private let decoder: Decoder
  private let limits: InputLimits
  /// How the input is stored.
  public let compression: InputCompression
  /// The number of bytes of text given out so far.
  public private(set) var textBytes = 0

  /// Opens a file, or standard input where `path` is `-`.
  public init(path: String, limits: InputLimits = .standard) throws(TraceIOError) {
    var input = try StoredInput(path: path)
    let decoder = try Self.decoder(for: &input)
    self.init(input, decoder, limits)
  }

  /// Reads from memory; `name` stands for the path in errors.
  public init(
    bytes: [UInt8], name: String = "memory", limits: InputLimits = .standard
  ) throws(TraceIOError) {
    var input = StoredInput(bytes: bytes, path: name)
    let decoder = try Self.decoder(for: &input)
    self.init(input, decoder, limits)
  }

  private init(
    _ input: consuming StoredInput, _ decoder: consuming Decoder, _ limits: InputLimits
  ) {
    compression = decoder.compression
    self.input = input
    self.decoder = decoder
    self.limits = limits
  }

  private static func decoder(for input: inout StoredInput) throws(TraceIOError) -> Decoder {
    try input.load(minimum: 4)
    var magic: UInt32 = 0
    for index in 0..<min(4, input.available) {
      magic |= UInt32(input.start[index]) << UInt32(8 * index)
    }
    if magic & 0xFFFF == 0x8B1F { return .gzip(try GzipDecoder(path: input.path)) }
    if magic == 0xFD2F_B528 || magic & 0xFFFF_FFF0 == 0x184D_2A50 {
      return .zstd(try ZstdDecoder(path: input.path))
    }
    let container: String? =
      switch magic {
      case 0x0403_4B50: "a zip archive"
      case 0x587A_37FD: "an xz stream"
      case _ where magic & 0xFF_FFFF == 0x68_5A42: "a bzip2 stream"
      default: nil
      }
    if let container {
      throw TraceIOError(.unsupportedContainer, path: input.path, at: .whole, container)
    }
    return .plain
  }

  /// The path as given by the user.
  public var path: String { input.path }

  /// The number of stored bytes used so far.
  public var storedOffset: Int { input.offset }

  /// Reads the next bytes into `buffer` and returns how many; 0 only at the end.
  public mutating func read(
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(TraceIOError) -> Int {
    let count: Int
    switch decoder {
    case .plain:
      if input.available == 0 { try input.load() }
      count = min(buffer.count, input.available)
      buffer.copyMemory(from: UnsafeRawBufferPointer(start: input.start, count: count))
      input.consume(count)
    case .gzip(let gzip): count = try gzip.decode(&input, into: buffer)
    case .zstd(let zstd): count = try zstd.decode(&input, into: buffer)
    }
    textBytes += count
    try checkLimits()
    return count
  }

  /// Reads at most `count` bytes as an array; shorter only at the end.
  public mutating func read(count: Int) throws(TraceIOError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < count {
      let more = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if more == 0 { break }
      filled += more
    }
    return Array(buffer.prefix(filled))
  }

  /// Ends reading: takes what is left of the stored bytes into the digest, without decoding it.
  public mutating func finish() throws(TraceIOError) -> InputSummary {
    let digest = try input.finish()
    return InputSummary(
      path: input.path, compression: compression, sha256: digest, storedBytes: input.bytesRead,
      textBytes: textBytes)
  }

  private func checkLimits() throws(TraceIOError) {
    if textBytes > limits.maximumOutput {
      throw TraceIOError(
        .outputLimit, path: path, at: .storedByte(input.offset),
        "more than \(limits.maximumOutput) bytes")
    }
    if textBytes > limits.ratioFloor, compression != .none,
      textBytes / max(1, limits.maximumRatio) > input.offset
    {
      throw TraceIOError(
        .ratioLimit, path: path, at: .storedByte(input.offset),
        "\(textBytes) bytes of text from \(input.offset), limit \(limits.maximumRatio) to 1")
    }
  }
}
