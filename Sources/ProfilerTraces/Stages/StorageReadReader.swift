public import Analytical
import TraceIO

/// Measured reads of one level of storage.
public struct StorageReads: Hashable, Sendable {
  /// What the file calls it.
  public var level: String
  /// The reads, in the order of the file.
  public var reads: [StorageCurve.Point]

  /// Creates a set of reads.
  public init(level: String, reads: [StorageCurve.Point]) {
    self.level = level
    self.reads = reads
  }
}

/// Reads a table of block sizes and times, such as one made of `fio` runs: CSV with a header.
///
///     device,block_size_bytes,fio_measured_ms
///     NVMe SSD,16777216,1.66582
///
/// Columns: `device`, `tier` or `level` (without one all rows are one level); `block_size_bytes`,
/// `block_bytes` or `bytes`; and a time, `fio_measured_ms`, `measured_ms`, `time_ms`, `time_us`, `time_ns` or
/// `seconds`. Others are not looked at. The first bad row ends the file.
public enum StorageReadReader {
  /// The most rows of a file, and levels in it.
  public static let mostRows = 100_000, mostLevels = 256

  private static let sizes = ["block_size_bytes", "block_bytes", "bytes"]
  private static let levels = ["device", "tier", "level"]
  private static let times = [
    ("fio_measured_ms", 1e-3), ("measured_ms", 1e-3), ("time_ms", 1e-3), ("time_us", 1e-6),
    ("time_ns", 1e-9), ("seconds", 1.0),
  ]

  /// Reads a file, or standard input where `path` is `-`.
  ///
  /// - Returns: The levels in the order in which they first occur.
  public static func read(path: String) throws(ProfilerTraceError) -> [StorageReads] {
    var found: [StorageReads] = []
    var places: [String: Int] = [:]
    var missing: String?
    var refused: String?
    do throws(TraceIOError) {
      var rows = try CSVReader(ByteSource(path: path), maximumLine: 1 << 16)
      let size = sizes.lazy.compactMap { rows.column($0) }.first
      let time = times.lazy.compactMap { name, unit in rows.column(name).map { ($0, unit) } }.first
      let level = levels.lazy.compactMap { rows.column($0) }.first
      if rows.header.isEmpty { refused = "is empty" }
      missing = refused != nil ? nil : size == nil ? sizes[0] : time == nil ? times[1].0 : nil
      var count = 0
      while missing == nil, refused == nil, let size, let time, try rows.next() {
        let line = rows.rowLine
        count += 1
        guard count <= mostRows else {
          refused = "more than \(mostRows) rows"
          break
        }
        guard let bytes = rows.double(size), bytes >= 1, bytes <= 1e18 else {
          refused =
            "line \(line): '\(rows.field(size))' is no block size; it must be 1 to 10^18 bytes"
          break
        }
        guard let measured = rows.double(time.0), measured * time.1 >= 1e-12,
          measured * time.1 <= 1e9
        else {
          refused = "line \(line): '\(rows.field(time.0))' is no time; it must be 1 ps to 10^9 s"
          break
        }
        let name = level.map { rows.field($0) } ?? "storage"
        let place = places[name] ?? found.count
        if place == found.count {
          guard found.count < mostLevels else {
            refused = "line \(line): more than \(mostLevels) levels"
            break
          }
          places[name] = place
          found.append(StorageReads(level: name, reads: []))
        }
        found[place].reads.append(.init(bytes: bytes, seconds: measured * time.1))
      }
      _ = try rows.finish()
    } catch {
      throw .input(error)
    }
    if let missing { throw .missingColumn(path: path, column: missing) }
    if let refused { throw .missingInformation(path: path, what: refused) }
    guard !found.isEmpty else { throw .missingInformation(path: path, what: "holds no rows") }
    return found
  }
}
