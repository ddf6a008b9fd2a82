/// Finds kernels that overlap on one stream, and cuts those whose duration cannot be true.
///
/// A stream runs one kernel after the other. Two things break that in real traces: programmatic
/// dependent launch lets a kernel begin while the one before it ends (B200: 8 % of kernels, by up to
/// 3.7 µs), and some profilers report ends that lie far behind, over whole later kernels (ROCm).
/// The first is true and only counted; the second is cut where the next kernel began, the latest
/// moment at which it can have ended. Kernels of a graph are never cut: its branches may run at one
/// time on what the profiler calls one stream.
enum StreamOverlaps {
  /// A device event by its place on its stream.
  private struct Place {
    var stream: Int32
    var index: Int32
    var start: Int64
    var duration: Int64

    var end: Int64 { start + duration }

    /// By stream and start, the shorter of two that begin together first.
    static func isBefore(_ a: Place, _ b: Place) -> Bool {
      if a.stream != b.stream { return a.stream < b.stream }
      if a.start != b.start { return a.start < b.start }
      if a.duration != b.duration { return a.duration < b.duration }
      return a.index < b.index
    }
  }

  /// - Complexity: O(*n* log *n*) in the number of device events.
  static func resolve(
    _ events: inout TraceEvents, _ attribution: KernelAttribution, _ timing: inout TimingQuality
  ) {
    var places: [Place] = []
    places.reserveCapacity(events.devices.count)
    var streams: [TraceEvents.Thread: Int32] = [:]
    for (index, device) in events.devices.enumerated() {
      if device.duration == 0 { timing.zeroDurations += 1 }
      // Where the source names no streams, all would look like one.
      guard device.stream >= 0 else { continue }
      let key = TraceEvents.Thread(process: device.device, thread: device.stream)
      let stream = streams[key] ?? Int32(streams.count)
      streams[key] = stream
      places.append(
        Place(
          stream: stream, index: Int32(index), start: device.start, duration: device.duration))
    }
    places.sort(by: Place.isBefore)
    // Rounded time stamps alone make up to this much.
    let rounding = timing.resolution > 1 ? 2 * timing.resolution : 0
    for (before, after) in zip(places, places.dropFirst()) where before.stream == after.stream {
      let overlap = before.end - after.start
      guard overlap > 0 else { continue }
      let index = Int(before.index)
      if before.end > after.end, overlap > rounding, !isGraph(attribution.owners[index].rule) {
        timing.overflows.add(overlap)
        events.devices[index].duration = after.start - before.start
      } else {
        timing.overlaps.add(min(overlap, after.duration))
      }
    }
  }

  private static func isGraph(_ rule: AttributionRule) -> Bool {
    rule == .graph || rule == .graphNode || rule == .graphCapture
  }
}
