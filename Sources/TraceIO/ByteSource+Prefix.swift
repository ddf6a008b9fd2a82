extension ByteSource {
  /// Reads at most `count` bytes as an array, to tell what they are; shorter at the end, and where
  /// the compressed stream is damaged after some text.
  public mutating func readPrefix(count: Int) throws(TraceIOError) -> [UInt8] {
    var prefix: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { buffer.deallocate() }
    while prefix.count < count {
      do throws(TraceIOError) {
        let more = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[prefix.count...]))
        if more == 0 { break }
        prefix.append(contentsOf: buffer[prefix.count..<(prefix.count + more)])
      } catch {
        let isDamage = error.reason == .truncatedStream || error.reason == .corruptStream
        guard isDamage, !prefix.isEmpty else { throw error }
        break
      }
    }
    return prefix
  }
}
