import Operators
import Replay
import TraceIO

/// The tracks of an engine's steps: one, or several where steps of stages overlap, as slices of one track must not.
struct StepTracks {
  private let only: TimelineTrack
  private let overlap: Bool
  private var lanes: LaneNames

  /// Names the one track where steps, by their beginning, do not overlap.
  init(
    of steps: [StepRecord], process: Int, naming writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    only = TimelineTrack(process: process, number: Timeline.stepTrack)
    overlap = zip(steps, steps.dropFirst()).contains { $0.start + $0.duration > $1.start }
    lanes = LaneNames(
      process: process, first: Timeline.firstStepLane, title: "steps",
      order: Timeline.firstStepLaneOrder)
    if !overlap { try writer.name("steps", track: only, order: 0) }
  }

  /// The track of the next step.
  mutating func track(
    of step: StepRecord, naming writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) -> TimelineTrack {
    guard overlap else { return only }
    return try lanes.track(from: step.start, to: step.start + step.duration, naming: &writer)
  }
}
