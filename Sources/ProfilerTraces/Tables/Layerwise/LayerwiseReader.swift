public import Analytical
import Foundation
import Operators
import TraceIO

/// Imports operator tables of vLLM's layerwise profiler: `dense.csv`, `per_sequence.csv` and
/// `attention.csv` in a directory `MODEL/tpN`, with `MODEL/meta.json` beside it.
///
/// The tables name layers (`qkv_proj`), which the model's forward pass turns into operators. Times
/// are kernel times in microseconds, means over `measurement_iterations` of `meta.json`, and are
/// kept without rounding. The final normalisation is not kept: it is the same operator as those of
/// the layers, runs once a step where they run twice a layer, and was timed up to 1.8 times as long,
/// so its rows would only blur their curve (``RejectionReason/finalNorm``). `skew.csv` is read by ``SkewReader``; `skew_fit.csv`, a fit to it, is not
/// read, and listed as ignored.
///
///     let trace = try LayerwiseReader.read(path: "RTX4090/Llama-3.1-8B/tp1", architecture: llama)
public enum LayerwiseReader {
  /// The tables that are read, in this order.
  static let tables = ["dense.csv", "per_sequence.csv", "attention.csv"]
  /// The tables that are known and not read.
  static let ignoredTables = ["skew_fit.csv"]

  /// Imports a directory, or one of its tables.
  ///
  /// - Parameters:
  ///   - path: the directory or table.
  ///   - architecture: the model that was profiled.
  ///   - tensorParallel: the devices that shared each layer.
  ///   - options: how strictly, and within which bounds.
  public static func read(
    path: String, architecture: ModelArchitecture, tensorParallel: Int = 1,
    options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    if let fault = LayerNames.fault(architecture, tensorParallel) {
      throw .missingInformation(path: path, what: fault)
    }
    let isDirectory = isTableDirectory(path)
    let directory =
      isDirectory
      ? path
      : URL(filePath: path).deletingLastPathComponent()
        .path(percentEncoded: false)
    try checkParallelism(of: directory, tensorParallel)
    let meta = try LayerwiseMeta(beside: directory, options.inputLimits)
    let layers = LayerNames(architecture, meta.dataType, tensorParallel: tensorParallel)
    var reading = LayerwiseImport(layers: layers, meta: meta, options: options)
    let files =
      isDirectory
      ? tables.map { directory + "/" + $0 }.filter { FileManager.default.fileExists(atPath: $0) }
      : [path]
    for file in files { try reading.read(table: file) }
    if isDirectory {
      for name in ignoredTables
      where FileManager.default.fileExists(atPath: directory + "/" + name) {
        reading.trace.coverage.ignoredFiles.append(name)
      }
    }
    return try reading.finish(path: path)
  }

  /// Whether a path is a directory with at least one table.
  static func isTableDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
      isDirectory.boolValue
    else { return false }
    return tables.contains { FileManager.default.fileExists(atPath: path + "/" + $0) }
  }

  /// Fails if a directory is called `tp2` and the caller says something else.
  private static func checkParallelism(
    of directory: String, _ tensorParallel: Int
  ) throws(ProfilerTraceError) {
    let name = URL(filePath: directory).lastPathComponent
    guard name.hasPrefix("tp"), let degree = Int(name.dropFirst(2)),
      degree != tensorParallel
    else { return }
    throw .missingInformation(
      path: directory,
      what: "measured with tensor parallelism \(degree), "
        + "but the model is given with \(tensorParallel)")
  }
}

/// One import of a directory's tables.
struct LayerwiseImport {
  let layers: LayerNames
  let meta: LayerwiseMeta
  let options: ImportOptions
  var trace: ImportedTrace

  init(layers: LayerNames, meta: LayerwiseMeta, options: ImportOptions) {
    self.layers = layers
    self.meta = meta
    self.options = options
    trace = ImportedTrace(format: .layerwise)
    trace.deviceName = meta.deviceName
    trace.runtime = meta.runtime
    trace.facts = meta.facts
  }

  /// Reads one table; which one is told by its columns.
  mutating func read(table path: String) throws(ProfilerTraceError) {
    var missing: String?
    do throws(TraceIOError) {
      missing = try readRows(path)
    } catch {
      throw .input(error)
    }
    if let missing { throw .missingColumn(path: path, column: missing) }
  }

  /// Reads the rows of a table, and returns the name of a column that it lacks, if any.
  private mutating func readRows(_ path: String) throws(TraceIOError) -> String? {
    var table = try CSVReader(path: path, options: options)
    let layer = table.column("layer")
    guard let time = table.column("time_us") else { return "time_us" }
    var axes: [Int] = []
    if layer == nil {
      for name in ["prefill_chunk", "kv_prefill", "n_decode", "kv_decode"] {
        guard let column = table.column(name) else { return name }
        axes.append(column)
      }
    } else {
      guard let column = table.column("tokens") ?? table.column("sequences") else {
        return "tokens"
      }
      axes.append(column)
    }
    while try table.next() {
      let values = axes.map { table.integer($0) }
      let name = layer.map { table.field($0) } ?? "attention"
      trace.add(sample(name, values, TimeUnit.microseconds.nanoseconds(table, time)))
    }
    trace.add(try table.finish())
    return nil
  }

  private func sample(
    _ layer: String, _ axes: [Int64?], _ time: Double?
  ) -> Result<OperatorSample, Rejection> {
    guard let use = layers[layer] else { return .failure(Rejection(reason: .unknownLayer)) }
    guard layer != "final_layernorm" else { return .failure(Rejection(reason: .finalNorm)) }
    let values = axes.compactMap { $0.flatMap { Int(exactly: $0) } }
    guard values.count == axes.count, values.allSatisfy({ (0...SizeLimits.literal).contains($0) })
    else {
      return .failure(Rejection(reason: .badValue))
    }
    let point =
      values.count == 4
      ? AxisPoint(values[0], values[1], values[2], values[3]) : use.point(size: values[0])
    return MeasuredPoint(
      operator: use.operator, point: point, label: layer,
      times: MeasuredTimes(count: meta.iterations, mean: time)
    ).sample(options)
  }

  /// The result, if enough of the rows were good.
  consuming func finish(path: String) throws(ProfilerTraceError) -> ImportedTrace {
    try options.check(trace.coverage, path: path)
    guard !trace.samples.isEmpty else { throw .nothing(in: trace.coverage, path: path) }
    return trace
  }
}
