public import Analytical
import Operators
import TraceIO

/// Imports a study of skewed batches (`skew.csv` beside the layerwise tables).
///
/// Each row times one mixed batch three ways: with decodes of unequal length, with all of them at
/// the mean length, and with all at the longest. The three become three samples, so that the cost
/// model can fit what the skew adds. The study ran apart from the tables, under conditions of its
/// own (its times for equal lengths are longer); so it is kept under a runtime of its own.
public enum SkewReader {
  /// The study's file name.
  public static let table = "skew.csv"

  /// Imports the study that belongs to a directory of tables, or nil where there is none.
  ///
  /// The model and the devices that share it are those that the tables were read with.
  public static func read(
    besideTables tables: ImportedTrace, directory: String, architecture: ModelArchitecture,
    tensorParallel: Int = 1, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace? {
    let path = directory + "/" + table
    do throws(TraceIOError) {
      var source = try ByteSource(path: path, limits: options.inputLimits)
      _ = try source.read(count: 1)
    } catch {
      guard error.reason == .cannotOpen else { throw .input(error) }
      return nil
    }
    var trace = ImportedTrace(format: .layerwise)
    trace.deviceName = tables.deviceName
    trace.runtime = tables.runtime
    trace.runtime.version = [tables.runtime.version ?? "", "skew study"].joined(separator: " ")
    let dataType = tables.samples.first { $0.operator.kind == .attention }?.operator.dataType
    if let fault = LayerNames.fault(architecture, tensorParallel) {
      throw .missingInformation(path: path, what: fault)
    }
    let layers = LayerNames(architecture, dataType, tensorParallel: tensorParallel)
    guard let attention = layers["attention"]?.operator else { return nil }
    var missing: String?
    do throws(TraceIOError) {
      missing = try readRows(path, attention, options, &trace)
    } catch {
      throw .input(error)
    }
    if let missing { throw .missingColumn(path: path, column: missing) }
    try options.check(trace.coverage, path: path)
    return trace
  }

  /// Reads the rows; returns the name of a column that is missing, if any.
  private static func readRows(
    _ path: String, _ attention: Operator, _ options: ImportOptions, _ trace: inout ImportedTrace
  ) throws(TraceIOError) -> String? {
    var rows = try CSVReader(path: path, options: options)
    var columns: [Int] = []
    for name in ["pc", "kp", "n", "kv_mean", "kv_big", "t_skew_us", "t_mean_us", "t_max_us"] {
      guard let column = rows.column(name) else { return name }
      columns.append(column)
    }
    var seen: Set<AxisPoint> = []
    while try rows.next() {
      trace.coverage.recordsRead += 1
      let sizes = columns[..<5].compactMap { rows.integer($0).flatMap { Int(exactly: $0) } }
      guard sizes.count == 5 else {
        trace.coverage.reject(.badValue)
        continue
      }
      let times = columns[5...].map { TimeUnit.microseconds.nanoseconds(rows, $0) }
      let (mean, longest) = (sizes[3], sizes[4])
      var samples: [OperatorSample] = []
      var rejection: Rejection?
      for (context, skew, time) in [
        (mean, longest, times[0]), (mean, 0, times[1]), (longest, 0, times[2]),
      ] {
        let point = MeasuredPoint(
          operator: attention, point: AxisPoint(sizes[0], sizes[1], sizes[2], context, skew),
          label: skew > 0 ? "skewed batch" : "batch of equal lengths",
          times: MeasuredTimes(mean: time))
        switch point.sample(options) {
        case .success(let sample): samples.append(sample)
        case .failure(let reason): rejection = rejection ?? reason
        }
      }
      if let rejection {
        trace.coverage.reject(rejection.reason)
        continue
      }
      trace.coverage.recordsUsed += 1
      trace.samples += samples.filter { seen.insert($0.point).inserted }
    }
    trace.add(try rows.finish())
    return nil
  }
}
