import Operators
public import Replay
public import TraceIO
import Validation

/// `load.csv`: what each engine did over time, in equal bins, for plots and data frames.
///
/// A row a bin and engine, by time. `busy` and `prefill` are shares of the bin in which steps ran, and ran
/// prompts; `running`, `waiting` and `memory` are means over the bin, `memory` as a share of key-value blocks.
/// Between steps an engine counts as empty.
public enum LoadFile {
  static let columns = [
    "time_ns", "engine", "busy", "prefill", "running", "waiting", "memory",
  ]
  /// No file has many more rows than this; with more engines bins are longer.
  static let mostRows = 40_000
  /// The most bins of time.
  static let mostBins = 240

  /// Writes the steps of a replay that recorded them.
  ///
  /// - Parameter blocks: key-value blocks of each engine.
  public static func write(
    _ steps: [StepRecord], engineBlocks blocks: [Int], to path: String
  ) throws(OutputError) {
    var file = try OutputFile(path: path)
    try file.write(columns.joined(separator: ",") + "\n")
    let start = steps.lazy.map(\.start).min() ?? .zero
    let end = steps.lazy.map { $0.start + $0.duration }.max() ?? .zero
    if end > start {
      let count = max(1, min(mostBins, mostRows / max(1, blocks.count)))
      var bins = blocks.map { _ in StepBins(count: count, window: start..<end) }
      for step in steps where bins.indices.contains(Int(step.engine)) {
        bins[Int(step.engine)].add(step)
      }
      let width = Double((end - start).rawValue) / Double(count)
      for bin in 0..<count {
        let time = start.rawValue + Int64((Double(bin) * width).rounded())
        for (engine, load) in bins.enumerated() {
          let prefill = load.prefill[bin]
          let values = [
            prefill + load.decode[bin], prefill, load.running[bin], load.waiting[bin],
            load.blocks[bin] / Double(max(1, blocks[engine])),
          ]
          let cells = values.map { fixedText($0, decimals: 4) }
          try file.write("\(time),\(engine),\(cells.joined(separator: ","))\n")
        }
      }
    }
    try file.commit()
  }
}
