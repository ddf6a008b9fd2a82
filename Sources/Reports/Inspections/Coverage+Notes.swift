import ProfilerTraces

extension Coverage {
  /// What a person should know about graphs and the clock, a sentence each.
  var notes: [String] {
    var notes: [String] = []
    if graphs.captures > 0, graphs.kernels > 0 {
      notes.append(
        "graphs: \(graphs.recovered) of \(graphs.kernels) kernels have their operator from "
          + "\(graphs.captures) captures, \(graphs.verified) verified by name")
    }
    if graphs.paddedLaunches > 0 {
      notes.append(
        "graphs: \(graphs.paddedLaunches) launches of smaller batches were given to the next larger "
          + "capture; give all captures, so that this is the one that ran")
    }
    if timing.overlaps.count > 0 {
      notes.append(
        "overlap: \(timing.overlaps.count) kernels began before the last on their stream ended, "
          + "\(timing.overlaps.nanoseconds) ns in all; calls count that time once")
    }
    if timing.overflows.count > 0 {
      notes.append(
        "overflow: \(timing.overflows.count) durations ran over later kernels of their stream and "
          + "were cut, by \(timing.overflows.nanoseconds) ns in all")
    }
    if timing.resolution > 1 {
      notes.append(
        "quantised: times are whole microseconds"
          + (timing.zeroDurations == 0 ? "" : "; \(timing.zeroDurations) kernels lasted none"))
    }
    return notes
  }
}
