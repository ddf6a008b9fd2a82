import CDeflate
import CZlib

/// A streaming decoder of one or more gzip members; owns a zlib stream.
///
/// zlib inflates; a member's checksum and length are checked here, with libdeflate's checksum, since
/// zlib's costs a third of all its time.
struct GzipDecoder: ~Copyable {
  private struct State {
    var stream = z_stream()
    var memberEnded = false
    /// Of the member's text so far.
    var checksum: UInt32 = 0
    /// In bytes, modulo 2³².
    var length: UInt32 = 0
    /// The eight stored bytes that were taken last, the latest one in the highest place: at a
    /// member's end its checksum, and its length above that.
    var trailer: UInt64 = 0

    /// Notes what one call of zlib took, and what it made of it.
    mutating func account(taken: UnsafeBufferPointer<UInt8>, made: UnsafeRawBufferPointer) {
      for byte in taken.suffix(8) { trailer = trailer >> 8 | UInt64(byte) << 56 }
      checksum = libdeflate_crc32(checksum, made.baseAddress, made.count)
      length &+= UInt32(truncatingIfNeeded: made.count)
    }

    var isSound: Bool { trailer == UInt64(length) << 32 | UInt64(checksum) }
  }

  /// On the heap because zlib keeps the address of its stream.
  private let state: UnsafeMutablePointer<State>

  init(path: String) throws(TraceIOError) {
    state = .allocate(capacity: 1)
    state.initialize(to: State())
    let result = inflateInit2_(
      &state.pointee.stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      throw TraceIOError(.corruptStream, path: path, at: .whole, "zlib cannot start (\(result))")
    }
    inflateValidate(&state.pointee.stream, 0)
  }

  deinit {
    inflateEnd(&state.pointee.stream)
    state.deallocate()
  }

  /// Fills `output` as far as the input goes; 0 at the end of the last member.
  func decode(
    _ input: inout StoredInput, into output: UnsafeMutableRawBufferPointer
  ) throws(TraceIOError) -> Int {
    guard let start = output.baseAddress else { return 0 }
    let capacity = min(output.count, 1 << 30)
    var written = 0
    while written < capacity {
      if input.available == 0 { try input.load() }
      if state.pointee.memberEnded {
        // What follows is looked at by the next call, so that garbage there takes no text along.
        if written > 0 { break }
        guard state.pointee.isSound else {
          throw TraceIOError(
            .corruptStream, path: input.path, at: .storedByte(input.offset),
            "the checksum or length of a gzip member is not that of its text")
        }
        guard try startNextMember(&input) else { break }
      }
      if input.available == 0 {
        if written > 0 { break }
        throw TraceIOError(
          .truncatedStream, path: input.path, at: .storedByte(input.offset), "gzip")
      }
      let offered = min(input.available, 1 << 30)
      state.pointee.stream.next_in = input.start
      state.pointee.stream.avail_in = UInt32(offered)
      state.pointee.stream.next_out = (start + written).assumingMemoryBound(to: UInt8.self)
      state.pointee.stream.avail_out = UInt32(capacity - written)
      let result = inflate(&state.pointee.stream, Z_NO_FLUSH)
      let taken = offered - Int(state.pointee.stream.avail_in)
      let total = capacity - Int(state.pointee.stream.avail_out)
      state.pointee.account(
        taken: UnsafeBufferPointer(start: input.start, count: taken),
        made: UnsafeRawBufferPointer(start: start + written, count: total - written))
      input.consume(taken)
      written = total
      switch result {
      case Z_OK, Z_BUF_ERROR: continue
      case Z_STREAM_END: state.pointee.memberEnded = true
      default:
        // What came before the damage is given out first; the next call meets it again.
        if written > 0 { return written }
        let message = state.pointee.stream.msg.map { String(cString: $0) } ?? "zlib \(result)"
        throw TraceIOError(
          .corruptStream, path: input.path, at: .storedByte(input.offset), message)
      }
    }
    return written
  }

  /// Whether another member follows; zeros after the last one are padding.
  private func startNextMember(_ input: inout StoredInput) throws(TraceIOError) -> Bool {
    while true {
      if input.available == 0 { try input.load() }
      if input.available == 0 { return false }
      guard input.start[0] == 0 else { break }
      input.consume(1)
    }
    guard input.start[0] == 0x1F else {
      throw TraceIOError(
        .corruptStream, path: input.path, at: .storedByte(input.offset),
        "bytes that are not gzip after the end of a member")
    }
    inflateReset(&state.pointee.stream)
    state.pointee.memberEnded = false
    state.pointee.checksum = 0
    state.pointee.length = 0
    return true
  }
}
