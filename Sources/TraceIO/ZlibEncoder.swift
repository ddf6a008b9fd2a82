import CDeflate

/// Compresses blocks of bytes in the zlib format (RFC 1950).
public struct ZlibEncoder: ~Copyable {
  private let compressor: OpaquePointer?

  /// Creates an encoder.
  ///
  /// - Parameter level: From 1, which is fast, to 12, which is small.
  public init(level: Int32 = 6) { compressor = libdeflate_alloc_compressor(level) }

  deinit { libdeflate_free_compressor(compressor) }

  /// The block compressed; nil without the memory for it.
  public func compress(_ block: [UInt8]) -> [UInt8]? {
    guard let compressor else { return nil }
    let bound = libdeflate_zlib_compress_bound(compressor, block.count)
    let compressed = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
      count = libdeflate_zlib_compress(
        compressor, block, block.count, room.baseAddress, room.count)
    }
    return compressed.isEmpty ? nil : compressed
  }
}
