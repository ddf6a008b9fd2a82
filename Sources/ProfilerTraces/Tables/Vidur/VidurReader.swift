import Operators
import TraceIO

/// Imports the tables of Vidur's profiler: `mlp.csv` (the layers of a model), `attention.csv`, and
/// `all_reduce.csv` and `send_recv.csv` (collectives); which one is told by its columns.
///
/// Times are `time_stats.<operator>.{min,max,mean,median,std}` in milliseconds, of kernels. The
/// tables name no device and no type; the profiler runs in half precision, which stands unless
/// ``ImportOptions/dataType`` is set, and does not write how often it measured. Each operator of
/// each row counts as one record.
enum VidurReader {
  /// Imports one table.
  ///
  /// - Returns: A trace for each attention backend or size of node that the table holds.
  static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    var parts = TableParts(options)
    let read: (missing: String?, input: InputSummary)
    do throws(TraceIOError) {
      var rows = try CSVReader(path: path, options: options)
      let missing =
        if rows.column("collective") != nil {
          try VidurNetwork.read(&rows, options, &parts)
        } else if rows.column("kv_cache_size") != nil {
          try VidurAttention.read(&rows, options, &parts)
        } else {
          try VidurLayers.read(&rows, options, &parts)
        }
      read = (missing, try rows.finish())
    } catch {
      throw .input(error)
    }
    if let missing = read.missing { throw .missingColumn(path: path, column: missing) }
    return try parts.finish(path: path, read.input)
  }

  /// Whether these are the columns of one of the tables.
  static func isTable(_ columns: Set<String>) -> Bool {
    columns.contains { $0.hasPrefix("time_stats.") }
      && (columns.contains("num_tokens") || columns.contains("kv_cache_size")
        || columns.isSuperset(of: ["collective", "size"]))
  }
}

/// The five columns of one operator's times.
struct VidurTimes {
  /// The operator's name, such as `mlp_up_proj`.
  var name: String
  private var minimum: Int?
  private var mean: Int?
  private var median: Int?
  private var deviation: Int?

  /// The most operators of a table; more are not one of Vidur's.
  private static let mostOperators = 256

  /// The operators of a table, in the order of its columns.
  static func all(_ rows: borrowing CSVReader) -> [VidurTimes] {
    var all: [VidurTimes] = []
    for column in rows.header {
      let words = column.split(separator: ".")
      guard words.count == 3, words[0] == "time_stats", words[2] == "median",
        all.count < mostOperators
      else { continue }
      let prefix = "time_stats.\(words[1])."
      all.append(
        VidurTimes(
          name: String(words[1]), minimum: rows.column(prefix + "min"),
          mean: rows.column(prefix + "mean"), median: rows.column(column),
          deviation: rows.column(prefix + "std")))
    }
    return all
  }

  /// Whether the row measured this operator: a row of attention has either half of its columns.
  func isGiven(_ rows: borrowing CSVReader) -> Bool {
    guard let median else { return false }
    return !rows.field(median).isEmpty
  }

  /// The times of the current row; one that is no number is not a number here either.
  func times(_ rows: borrowing CSVReader) -> MeasuredTimes {
    func value(_ column: Int?, _ rows: borrowing CSVReader) -> Double? {
      column.map { TimeUnit.milliseconds.nanoseconds(rows, $0) ?? .nan }
    }
    return MeasuredTimes(
      mean: value(mean, rows), median: value(median, rows), minimum: value(minimum, rows),
      deviation: value(deviation, rows))
  }
}
