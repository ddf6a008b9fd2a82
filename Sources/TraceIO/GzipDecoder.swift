import CZlib

/// A streaming decoder of one or more gzip members; owns a zlib stream.
struct GzipDecoder: ~Copyable {
  private struct State {
    var stream = z_stream()
    var memberEnded = false
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
      input.consume(offered - Int(state.pointee.stream.avail_in))
      written = capacity - Int(state.pointee.stream.avail_out)
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
    return true
  }
}
