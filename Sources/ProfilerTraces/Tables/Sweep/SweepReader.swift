import Operators
import TraceIO

/// Imports Reprise's own operator samples, one JSON object a line (`samples.jsonl[.zst]`):
///
///     {"kind": "gemm", "dtype": "bf16", "attributes": {"n": 4096, "k": 4096},
///      "axes": {"tokens": 16}, "count": 50, "min_ns": 9100, "p50_ns": 9300, "p90_ns": 9900,
///      "mean_ns": 9410, "deviation_ns": 210}
///
/// Axes are those of ``OperatorKind/axes``; one that is not named is zero. `mean_ns` and `count`
/// are required; the minimum and median default to the mean, the deviation to zero. A damaged
/// line is counted and skipped: one with an axis above 2^40 (2^30 for attention), an attribute or count that is not from
/// 1 to 2^31, or a duration that is not positive or beyond ``ImportOptions/maximumDuration``. The
/// software's version is taken from `machine.json` beside the file.
public enum SweepReader {
  /// Imports a file, or standard input where `path` is `-`.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var trace = ImportedTrace(format: .sweep)
    try trace.readRecords(path: path, options: options) {
      (scanner, trace) throws(TraceIOError) in
      switch try SampleRecord(&scanner).sample(options) {
      case .success(let sample): trace.samples.append(sample)
      case .failure(let rejection): return rejection.reason
      }
      return nil
    }
    guard !trace.samples.isEmpty else { throw .nothing(in: trace.coverage, path: path) }
    trace.runtime = try RuntimeDescription(machineBeside: path, options.inputLimits)
    return trace
  }
}

/// One line of a sweep while it is read.
private struct SampleRecord {
  private var kind: String?
  private var dataType: DataType?
  private var hasBadValue = false
  private var attributes: [String: Int] = [:]
  private var axes: [String: Int] = [:]
  private var values: [String: Double] = [:]

  private static let statistics: Set<String> = [
    "count", "min_ns", "p50_ns", "p90_ns", "mean_ns", "deviation_ns",
  ]

  init(_ scanner: inout JSONScanner) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else { return }
    while try scanner.next() == .key {
      let name = scanner.string()
      if name == "attributes" {
        attributes = try integers(&scanner, in: 1...Int64(SizeLimits.attribute))
      } else if name == "axes" {
        axes = try integers(&scanner, in: 0...Int64(SizeLimits.literal))
      } else {
        try readScalar(name, &scanner)
      }
    }
    // Nothing may follow on the line.
    _ = try scanner.next()
  }

  private mutating func readScalar(
    _ name: String, _ scanner: inout JSONScanner
  ) throws(TraceIOError) {
    let token = try scanner.next()
    switch (name, token) {
    case ("kind", .string): kind = scanner.string()
    case ("dtype", .string):
      dataType = DataType(rawValue: scanner.string())
      if dataType == nil { hasBadValue = true }
    case (_, .number) where Self.statistics.contains(name):
      values[name] = scanner.double()
      if values[name] == nil { hasBadValue = true }
    case _ where Self.statistics.contains(name): hasBadValue = true
    default: break
    }
    try scanner.skipValue(of: token)
  }

  private mutating func integers(
    _ scanner: inout JSONScanner, in range: ClosedRange<Int64>
  ) throws(TraceIOError) -> [String: Int] {
    let token = try scanner.next()
    guard token == .objectStart else {
      hasBadValue = true
      try scanner.skipValue(of: token)
      return [:]
    }
    var result: [String: Int] = [:]
    while try scanner.next() == .key {
      let name = scanner.string()
      let value = try scanner.next()
      if value == .number, let number = scanner.integer(), range.contains(number) {
        result[name] = Int(number)
      } else {
        hasBadValue = true
        try scanner.skipValue(of: value)
      }
    }
    return result
  }

  func sample(_ options: ImportOptions) -> Result<OperatorSample, Rejection> {
    guard let kind, !kind.isEmpty, let mean = values["mean_ns"], let count = values["count"] else {
      return .failure(Rejection(reason: .missingField))
    }
    let operatorKind = OperatorKind(rawValue: kind)
    var axisPoint = AxisPoint.none
    for (name, value) in axes {
      guard let index = operatorKind.axes.firstIndex(of: name) else {
        return .failure(Rejection(reason: .badValue))
      }
      axisPoint.values[index] = Int64(value)
    }
    if hasBadValue { return .failure(Rejection(reason: .badValue)) }
    let point = MeasuredPoint(
      operator: Operator(operatorKind, dataType: dataType, attributes), point: axisPoint,
      label: kind,
      times: MeasuredTimes(
        count: Int(exactly: count), mean: mean, median: values["p50_ns"],
        minimum: values["min_ns"] ?? mean, deviation: values["deviation_ns"]))
    return point.sample(options)
  }
}
