import Operators
import TraceIO

/// Imports operator curves (`TraceSchemas/operator-curves.schema.json`): a header in the first line,
/// then a curve a line with all of its points, so that millions of points stay small.
///
///     {"operator_curves": 1, "device": "NVIDIA H200",
///      "runtime": {"framework": "vLLM", "version": "0.24.0"}, "source": "package/table",
///      "facts": {"licence": "Apache-2.0"}}
///     {"kind": "gemm", "dtype": "bf16", "attributes": {"n": 4096, "k": 4096}, "label": "cutlass",
///      "axes": ["tokens"], "points": [[1, 9410], [16, 9800, 3]]}
///
/// A point is its sizes along the axes, its time in nanoseconds, and the number of measurements
/// behind that where it is not one. A damaged line is counted as one record and skipped, a damaged
/// point likewise; sizes are bounded as in a sweep.
public enum CurvesReader {
  /// Imports a file, or standard input where `path` is `-`.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var trace = ImportedTrace(format: .curves)
    var hasHeader = false
    var isTooLarge = false
    do throws(TraceIOError) {
      var lines = try JSONLineReader(path: path, options: options)
      if try lines.next(), let header = try CurvesHeader(&lines.scanner) {
        hasHeader = true
        header.describe(&trace)
        while !isTooLarge, try lines.next() {
          isTooLarge = try !readCurve(&lines, &trace, options)
        }
      }
      if hasHeader && !isTooLarge { trace.add(try lines.finish()) }
    } catch {
      throw .input(error)
    }
    guard hasHeader else {
      throw .missingInformation(
        path: path, what: "its first line is not a header with \"operator_curves\": 1")
    }
    guard !isTooLarge else { throw .tooManyEvents(path: path, limit: options.maximumEvents) }
    try options.check(trace.coverage, path: path)
    guard !trace.samples.isEmpty else { throw .nothing(in: trace.coverage, path: path) }
    return trace
  }

  /// Adds the points of one line, or counts why not.
  ///
  /// - Returns: Whether there is room for more.
  private static func readCurve(
    _ lines: inout JSONLineReader, _ trace: inout ImportedTrace, _ options: ImportOptions
  ) throws(TraceIOError) -> Bool {
    var curve = CurveRecord(room: options.maximumEvents - trace.samples.count)
    do throws(TraceIOError) {
      try curve.read(&lines.scanner)
    } catch {
      guard !options.isStrict else { throw error }
      trace.coverage.recordsRead += 1
      trace.coverage.reject(.syntax)
      trace.coverage.noteDamage(at: lines.lineOffset)
      return true
    }
    if let problem = curve.problem {
      trace.coverage.recordsRead += 1
      trace.coverage.reject(problem)
      return true
    }
    trace.coverage.recordsRead += curve.points.count + curve.badPoints
    trace.coverage.reject(.badValue, count: curve.badPoints)
    let op = curve.operator
    let limit = Double(options.maximumDuration)
    let largest = Int64(SizeLimits.axis(of: op.kind))
    for point in curve.points {
      let reason: RejectionReason? =
        if (0..<5).contains(where: { point.sizes.values[$0] > largest }) {
          .badValue
        } else if !(point.nanoseconds > 0) {
          .negativeDuration
        } else if point.nanoseconds > limit {
          .durationTooLong
        } else {
          nil
        }
      if let reason {
        trace.coverage.reject(reason)
        continue
      }
      trace.coverage.recordsUsed += 1
      trace.samples.append(
        OperatorSample(
          op, at: point.sizes, label: curve.label ?? op.kind.rawValue,
          duration: DurationStatistics(mean: point.nanoseconds, count: point.count)))
    }
    return !curve.isFull
  }
}
