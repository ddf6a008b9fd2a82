/// What became of the kernels that ran as parts of CUDA and HIP graphs.
public struct GraphCoverage: Hashable, Sendable {
  /// The launches of graphs.
  public internal(set) var launches = 0
  /// The kernels, copies and fills that they ran.
  public internal(set) var kernels = 0
  /// How many of those were given to an operator by a capture.
  public internal(set) var recovered = 0
  /// How many of the recovered have the kernel name that the capture tells; captures of CUDA tell
  /// none, and are held to the number and kind of the launches alone.
  public internal(set) var verified = 0
  /// The launches whose batch was smaller than the captured one: engines pad to the next size.
  public internal(set) var paddedLaunches = 0
  /// The graphs that the captures hold.
  public internal(set) var captures = 0

  /// Creates the coverage of no graphs.
  public init() {}
}

/// What is known about the clock of the device, and which durations it spoils.
public struct TimingQuality: Hashable, Sendable {
  /// The smallest step of the time stamps, in nanoseconds: 1, or 1000 in traces of whole microseconds.
  public internal(set) var resolution: Int64 = 1
  /// The kernels that began before the one before them on their stream had ended, and the time that
  /// both ran; what programmatic dependent launch does.
  public internal(set) var overlaps = Tally()
  /// The kernels whose duration held the whole of the next kernel on their stream, which no stream
  /// allows; they were cut where that began, by this time.
  public internal(set) var overflows = Tally()
  /// The kernels without any duration.
  public internal(set) var zeroDurations = 0

  /// Creates the quality of an exact clock.
  public init() {}
}

extension Coverage {
  /// What a person should know about graphs and the clock, a sentence each.
  public var notes: [String] {
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

  /// Graphs and timing as facts of the source.
  var facts: [String: String] {
    var facts = ["resolution_ns": String(timing.resolution)]
    func note(_ name: String, _ value: Int) { if value > 0 { facts[name] = String(value) } }
    note("graph_launches", graphs.launches)
    note("graph_kernels", graphs.kernels)
    note("graph_kernels_recovered", graphs.recovered)
    note("graph_kernels_verified", graphs.verified)
    note("graph_launches_padded", graphs.paddedLaunches)
    note("overlapping_kernels", timing.overlaps.count)
    note("overlapping_ns", Int(timing.overlaps.nanoseconds))
    note("overflowing_kernels", timing.overflows.count)
    note("overflowing_ns", Int(timing.overflows.nanoseconds))
    note("zero_duration_kernels", timing.zeroDurations)
    return facts
  }
}
