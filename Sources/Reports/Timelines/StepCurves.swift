import Operators
import Replay
import TraceIO

/// The curves that an engine's steps tell: requests running and waiting, key-value blocks in use.
struct StepCurves {
  /// The most points of the curve of blocks in one record of several steps.
  private static let mostPoints = 16

  private let process: Int
  private var last: (running: Int, waiting: Int, blocks: Int)?
  private var end = Nanoseconds(.min)

  init(process: Int) { self.process = process }

  /// Notes the next step of the engine.
  mutating func add(_ step: StepRecord, to writer: inout some TimelineWriter & ~Copyable)
    throws(OutputError)
  {
    if let last, step.start > end { try show(end, 0, last.waiting, last.blocks, &writer) }
    let grown = abs(Int(step.lastBlocksInUse) - Int(step.blocksInUse))
    let parts = min(Self.mostPoints, grown + 1)
    for part in 0..<parts {
      let time = step.start + Nanoseconds(step.duration.rawValue / Int64(parts) * Int64(part))
      let blocks = step.blocks(at: Double(part) / Double(max(1, parts - 1)))
      try show(time, step.running, Int(step.waiting), Int(blocks.rounded()), &writer)
    }
    end = max(end, step.start + step.duration)
  }

  /// Ends the curves at nothing.
  mutating func close(to writer: inout some TimelineWriter & ~Copyable) throws(OutputError) {
    if last != nil { try show(end, 0, 0, 0, &writer) }
  }

  private mutating func show(
    _ time: Nanoseconds, _ running: Int, _ waiting: Int, _ blocks: Int,
    _ writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    if last?.running != running || last?.waiting != waiting {
      try writer.count(
        "requests", process: process, time: time, [("running", running), ("waiting", waiting)])
    }
    if last?.blocks != blocks {
      try writer.count("KV blocks", process: process, time: time, [("in use", blocks)])
    }
    last = (running, waiting, blocks)
  }
}
