import CZstd

/// A streaming decoder of one or more Zstandard frames; owns a context.
struct ZstdDecoder: ~Copyable {
  private struct State {
    /// What zstd still expects of the frame; 0 between frames.
    var pending = 0
    /// Whether decoded bytes may wait inside the context for room.
    var outputMayWait = false
    /// What a call of zstd failed with, after which the context must not be used; 0 for nothing.
    var failure = 0
  }

  private let context: OpaquePointer
  private let state: UnsafeMutablePointer<State>

  /// The largest window that is decoded, as a power of two: 128 MiB.
  static let maximumWindowLog: Int32 = 27

  init(path: String) throws(TraceIOError) {
    guard let context = ZSTD_createDCtx() else {
      throw TraceIOError(.corruptStream, path: path, at: .whole, "zstd cannot start")
    }
    _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.maximumWindowLog)
    self.context = context
    state = .allocate(capacity: 1)
    state.initialize(to: State())
  }

  deinit {
    ZSTD_freeDCtx(context)
    state.deallocate()
  }

  /// Fills `output` as far as the input goes; 0 at the end of the last frame.
  func decode(
    _ input: inout StoredInput, into output: UnsafeMutableRawBufferPointer
  ) throws(TraceIOError) -> Int {
    var out = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    while out.pos < out.size, state.pointee.failure == 0 {
      if input.available == 0 { try input.load() }
      if input.available == 0, !state.pointee.outputMayWait {
        if out.pos > 0 || state.pointee.pending == 0 { break }
        throw TraceIOError(
          .truncatedStream, path: input.path, at: .storedByte(input.offset), "zstd")
      }
      var source = ZSTD_inBuffer(src: input.start, size: input.available, pos: 0)
      let before = out.pos
      let result = ZSTD_decompressStream(context, &out, &source)
      input.consume(source.pos)
      guard ZSTD_isError(result) == 0 else {
        state.pointee.failure = result
        break
      }
      state.pointee.pending = result
      state.pointee.outputMayWait = result != 0 && (out.pos == out.size || out.pos > before)
    }
    // What came before the damage is given out first.
    if state.pointee.failure != 0, out.pos == 0 {
      throw TraceIOError(
        .corruptStream, path: input.path, at: .storedByte(input.offset),
        String(cString: ZSTD_getErrorName(state.pointee.failure)))
    }
    return out.pos
  }
}
