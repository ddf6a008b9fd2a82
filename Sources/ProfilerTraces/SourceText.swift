public import TraceIO

/// Reads places of a source again, as the import saw them.
public enum SourceText {
  /// The most bytes of one place that are given.
  public static let mostBytes = 1 << 16

  /// Reads a file once and gives the bytes at each place.
  ///
  /// - Parameter places: places in the decompressed text; unknown ones and rows are passed over.
  /// - Returns: the bytes by place, and the SHA-256 of the file as stored.
  public static func read(
    _ places: [SourcePlace], path: String, limits: InputLimits = .standard
  ) throws(ProfilerTraceError) -> (texts: [SourcePlace: [UInt8]], sha256: String) {
    let wanted = Set(places).filter { $0.offset >= 0 && $0.length > 0 }
      .sorted { ($0.offset, $0.length) < ($1.offset, $1.length) }
    var texts: [SourcePlace: [UInt8]] = [:]
    do throws(TraceIOError) {
      var source = try ByteSource(path: path, limits: limits)
      var (chunk, start, index) = ([UInt8](), Int64(0), 0)
      while index < wanted.count {
        let more = try source.read(count: 1 << 20)
        if more.isEmpty { break }
        // What a place that has begun still needs is kept; all before it is let go.
        let begin = max(start, min(wanted[index].offset, start + Int64(chunk.count)))
        chunk.removeFirst(Int(begin - start))
        start = begin
        chunk += more
        let end = start + Int64(chunk.count)
        while index < wanted.count {
          let place = wanted[index]
          let length = Int64(min(Int(place.length), mostBytes))
          guard place.offset >= start, place.offset <= end - length else { break }
          let first = Int(place.offset - start)
          texts[place] = Array(chunk[first..<first + Int(length)])
          index += 1
        }
      }
      return (texts, try source.finish().sha256)
    } catch {
      throw .input(error)
    }
  }
}
