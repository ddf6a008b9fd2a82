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
    var rows = try CSVReader(ByteSource(path: path, limits: options.inputLimits))
    var columns: [Int] = []
    for name in ["pc", "kp", "n", "kv_mean", "kv_big", "t_skew_us", "t_mean_us", "t_max_us"] {
      guard let column = rows.column(name) else { return name }
      columns.append(column)
    }
    var seen: Set<AxisPoint> = []
    while try rows.next() {
      trace.coverage.recordsRead += 1
      let sizes = columns[..<5].compactMap { rows.integer($0) }
      let times = columns[5...].compactMap { rows.fixedPoint($0, decimals: 6).value }
      guard sizes.count == 5, sizes.allSatisfy({ (0...1 << 30).contains($0) }) else {
        trace.coverage.reject(.badValue)
        continue
      }
      guard times.count == 3,
        times.allSatisfy({ $0 > 0 && $0 / 1000 <= options.maximumDuration })
      else {
        trace.coverage.reject(.badDuration)
        continue
      }
      trace.coverage.recordsUsed += 1
      let (mean, longest) = (Int(sizes[3]), Int(sizes[4]))
      for (context, skew, time) in [
        (mean, longest, times[0]), (mean, 0, times[1]), (longest, 0, times[2]),
      ] {
        let point = AxisPoint(Int(sizes[0]), Int(sizes[1]), Int(sizes[2]), context, skew)
        guard seen.insert(point).inserted else { continue }
        trace.samples.append(
          OperatorSample(
            attention, at: point, label: skew > 0 ? "skewed batch" : "batch of equal lengths",
            duration: DurationStatistics(mean: Double(time) / 1000)))
      }
    }
    trace.inputs.append(try rows.finish())
    return nil
  }
}
