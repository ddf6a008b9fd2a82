public import Replay
public import TraceIO
import Validation

/// `load.csv` of a scenario: what pools and links did over time, in equal bins, for plots and data frames.
///
/// A row a bin and pool, and a row a bin and kind of links, by time. Of pools `up`, `running` and `waiting` are
/// means over the bin of engines and requests, `busy` and `memory` shares of what is up; of links `busy` is the
/// part of what they all could carry, `largest` that of the busiest of them. What is not known is left empty.
public enum ScenarioLoadFile {
  static let columns = [
    "time_ns", "kind", "name", "up", "busy", "running", "waiting", "memory", "largest",
  ]

  /// Writes what a replay recorded.
  ///
  /// - Parameter end: of the last request, on the replay's clock in nanoseconds.
  public static func write(
    _ load: PipelineLoad, until end: Int64, to path: String
  ) throws(OutputError) {
    var file = try OutputFile(path: path)
    try file.write(columns.joined(separator: ",") + "\n")
    let (pools, links) = (load.pools, load.links)
    func cell(_ value: Double?) -> String { value.map { fixedText($0, decimals: 4) } ?? "" }
    for bin in 0..<load.binCount(by: end) {
      let time = load.start + Int64(Double(bin) * load.width)
      for pool in pools {
        let cells = [
          pool.up[bin], pool.busy?[bin], pool.running[bin], pool.waiting[bin], pool.memory?[bin],
        ].map(cell).joined(separator: ",")
        try file.write("\(time),pool,\(String(decoding: nameCell(pool.name), as: UTF8.self)),")
        try file.write(cells + ",\n")
      }
      for group in links {
        try file.write("\(time),links,\(String(decoding: nameCell(group.name), as: UTF8.self)),")
        try file.write(",\(cell(group.mean[bin])),,,,\(cell(group.largest[bin]))\n")
      }
    }
    try file.commit()
  }
}
