import Operators
import TraceIO

/// Collectives (`all_reduce.csv`, `send_recv.csv`): `size` bytes over `num_workers` devices,
/// `devices_per_node` of them on each node.
///
/// Bytes, not elements: the profiler writes two for each half, and as elements 64 Mi of them over
/// eight A100 would need 349 GB/s of each link's 300. The times are those of rank 0.
enum VidurNetwork {
  /// Reads the rows; returns the name of a column that is missing, if any.
  static func read(
    _ rows: inout CSVReader, _ options: ImportOptions, _ parts: inout TableParts
  ) throws(TraceIOError) -> String? {
    let columns = IntegerColumns(
      ["size", "num_workers", "devices_per_node", "max_devices_per_node"], rows)
    if let missing = columns.missing { return missing }
    guard let collective = rows.column("collective") else { return "collective" }
    let operators = VidurTimes.all(rows)
    guard !operators.isEmpty else { return "time_stats.all_reduce.median" }
    while try rows.next(), parts.hasRoom {
      let name = rows.field(collective)
      guard let times = operators.first(where: { $0.name == name }),
        let kind = CollectiveName.kind(name)
      else {
        parts.reject(.unknownLayer)
        continue
      }
      guard let values = columns.values(rows), values[1] > 1, values[2] > 0, values[3] > 0 else {
        parts.reject(.badValue)
        continue
      }
      let nodes = (values[1] - 1) / values[2] + 1
      let point = MeasuredPoint(
        operator: CollectiveName.operator(
          kind, options.dataType ?? .float16, ranks: values[1], nodes: nodes),
        point: AxisPoint(values[0]), label: name, times: times.times(rows))
      let version = "nodes of \(values[3])"
      parts.change(
        [version],
        new: {
          var trace = ImportedTrace(format: .vidur)
          trace.runtime = RuntimeDescription(framework: "Vidur", version: version)
          return trace
        }
      ) { $0.add(point.sample(options)) }
    }
    return nil
  }
}
