import Operators
import TraceIO

/// Tracks for intervals that overlap, named as they are needed.
struct LaneNames {
  private let process: Int
  /// The number of the first track; others count up from it.
  private let first: Int
  /// What the tracks are called, each with its number from 1.
  private let title: String
  /// Where the first stands in its process.
  private let order: Int
  private var lanes = Lanes()
  private var named = 0

  init(process: Int, first: Int, title: String, order: Int) {
    (self.process, self.first, self.title, self.order) = (process, first, title, order)
  }

  /// The track of the next interval; they come in the order of their beginnings.
  mutating func track(
    from start: Nanoseconds, to end: Nanoseconds,
    naming writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) -> TimelineTrack {
    let lane = lanes.lane(from: start, to: end)
    let track = TimelineTrack(process: process, number: first + lane)
    if lane >= named {
      named = lane + 1
      try writer.name("\(title) \(lane + 1)", track: track, order: order + lane)
    }
    return track
  }
}
