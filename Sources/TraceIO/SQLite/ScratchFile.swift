#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A temporary file that holds an input's text, for a reader that must seek.
///
/// Its name is removed with the value; whoever has opened it by then keeps it.
struct ScratchFile: ~Copyable {
  let path: String
  private let descriptor: Int32

  /// Reads all of the source into a new file that only this user may read.
  init(holding source: inout ByteSource) throws(TraceIOError) {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array((folder + "/reprise-XXXXXX").utf8CString)
    descriptor = mkstemp(&name)
    path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard descriptor >= 0 else { throw Self.error(source.path) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { break }
      var done = 0
      while done < count {
        let written = write(descriptor, buffer.baseAddress.map { $0 + done }, count - done)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw Self.error(source.path) }
        done += written
      }
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(path)
  }

  private static func error(_ path: String) -> TraceIOError {
    TraceIOError(.noScratchSpace, path: path, at: .whole, String(cString: strerror(errno)))
  }
}
