extension Coverage {
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
