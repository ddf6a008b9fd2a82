#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The stored bytes of an input, from a file descriptor or from memory, hashed as they pass.
///
/// Owns the descriptor and one buffer. Bytes are taken with ``start`` and ``available``, and given
/// back as used with ``consume(_:)``.
struct StoredInput: ~Copyable {
  let path: String
  private let descriptor: Int32?
  private let buffer: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private var first = 0
  private var last = 0
  private let digest = SHA256Stream()
  /// The number of stored bytes read so far.
  private(set) var bytesRead = 0
  /// Whether the last byte has been read.
  private(set) var isAtEnd = false

  /// Opens a file, or standard input where `path` is `-`.
  init(path: String) throws(TraceIOError) {
    self.path = path
    var descriptor: Int32 = 0
    if path != "-" {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      var status = stat()
      if descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        close(descriptor)
        throw TraceIOError(.folder, path: path, at: .whole)
      }
      guard descriptor >= 0 else {
        throw TraceIOError(
          .cannotOpen, path: path, at: .whole, String(cString: strerror(errno)))
      }
    }
    self.descriptor = descriptor
    capacity = 256 << 10
    buffer = .allocate(capacity: capacity)
  }

  /// Reads from memory.
  init(bytes: [UInt8], path: String) {
    self.path = path
    descriptor = nil
    capacity = max(bytes.count, 1)
    buffer = .allocate(capacity: capacity)
    buffer.update(from: bytes, count: bytes.count)
    last = bytes.count
    bytesRead = bytes.count
    isAtEnd = true
  }

  deinit {
    buffer.deallocate()
    if let descriptor, descriptor > 0 { close(descriptor) }
  }

  /// The bytes that are loaded and not consumed.
  var available: Int { last - first }

  /// Where the bytes that are loaded and not consumed start; valid until the next call.
  var start: UnsafeMutablePointer<UInt8> { buffer + first }

  /// The number of stored bytes consumed so far.
  var offset: Int { bytesRead - available }

  /// Gives back the first `count` of the available bytes as used.
  mutating func consume(_ count: Int) { first += min(count, available) }

  /// Loads until at least `minimum` bytes are available or the input ends.
  mutating func load(minimum: Int = 1) throws(TraceIOError) {
    guard let descriptor else { return }
    if available > 0, first > 0 { buffer.update(from: buffer + first, count: available) }
    last -= first
    first = 0
    while available < minimum, !isAtEnd, last < capacity {
      let count = read(descriptor, buffer + last, capacity - last)
      if count < 0 {
        if errno == EINTR { continue }
        throw TraceIOError(
          .readFailed, path: path, at: .storedByte(bytesRead), String(cString: strerror(errno)))
      }
      if count == 0 {
        isAtEnd = true
        return
      }
      digest.update(UnsafeRawBufferPointer(start: buffer + last, count: count))
      last += count
      bytesRead += count
    }
  }

  /// Reads what is left, so that the digest is that of the whole, and returns the digest.
  mutating func finish() throws(TraceIOError) -> String {
    while !isAtEnd {
      consume(available)
      try load()
    }
    // Memory is hashed only here: many short texts are scanned whose digest nobody asks for.
    if descriptor == nil { digest.update(UnsafeRawBufferPointer(start: buffer, count: last)) }
    return digest.finish()
  }
}
