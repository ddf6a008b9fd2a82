/// Finds kernels that overlap on one stream, and cuts those whose duration cannot be true.
///
/// A stream runs one kernel after the other. Two things break that in real traces: programmatic
/// dependent launch lets a kernel begin while the one before it ends (B200: 8 % of kernels, by up to
/// 3.7 µs), and some profilers report ends that lie far behind, over whole later kernels (ROCm).
/// The first is true and only counted; the second is cut where the next kernel began, the latest
/// moment at which it can have ended. Kernels of a graph are never cut: its branches may run at one
/// time on what the profiler calls one stream.
enum StreamOverlaps {
  /// - Complexity: O(*n* log *n*) in the number of device events.
  static func resolve(
    _ events: inout TraceEvents, _ attribution: KernelAttribution, _ timing: inout TimingQuality
  ) {
    let devices = events.devices
    let order = devices.indices.sorted { left, right in
      let (a, b) = (devices[left], devices[right])
      if a.device != b.device { return a.device < b.device }
      if a.stream != b.stream { return a.stream < b.stream }
      if a.start != b.start { return a.start < b.start }
      if a.duration != b.duration { return a.duration < b.duration }
      return left < right
    }
    timing.zeroDurations += devices.count { $0.duration == 0 }
    // Rounded time stamps alone make up to this much.
    let rounding = timing.resolution > 1 ? 2 * timing.resolution : 0
    for (first, second) in zip(order, order.dropFirst()) {
      let (before, after) = (devices[first], devices[second])
      guard before.stream >= 0, before.device == after.device, before.stream == after.stream else {
        continue
      }
      let overlap = before.end - after.start
      guard overlap > 0 else { continue }
      if before.end > after.end, overlap > rounding, !isGraph(attribution.owners[first].rule) {
        timing.overflows.add(overlap)
        events.devices[first].duration = after.start - before.start
      } else {
        timing.overlaps.add(min(overlap, after.duration))
      }
    }
  }

  private static func isGraph(_ rule: AttributionRule) -> Bool {
    rule == .graph || rule == .graphNode || rule == .graphCapture
  }
}

/// For each call of an operator how many device events it launched, and for how long any of them ran.
struct CallTimes {
  /// The device events of each call.
  private(set) var launches: [Int32]
  /// The time in which at least one of them ran, in nanoseconds: less than the sum of their durations
  /// where they overlap.
  private(set) var busy: [Int64]

  /// - Complexity: O(*n* log *n*) in the number of device events; O(*n*) where they are in order.
  init(_ events: TraceEvents, _ attribution: KernelAttribution) {
    let devices = events.devices
    launches = [Int32](repeating: 0, count: attribution.callCount)
    busy = [Int64](repeating: 0, count: attribution.callCount)
    var ends = [Int64](repeating: .min, count: attribution.callCount)
    var order = Array(devices.indices)
    if zip(devices, devices.dropFirst()).contains(where: { $0.start > $1.start }) {
      order.sort { (devices[$0].start, $0) < (devices[$1].start, $1) }
    }
    for index in order {
      let owner = attribution.owners[index]
      guard owner.isUsed else { continue }
      let (call, device) = (Int(owner.call), devices[index])
      launches[call] += 1
      let start = max(device.start, ends[call])
      guard device.end > start else { continue }
      busy[call] = busy[call].adding(device.end - start)
      ends[call] = device.end
    }
  }
}
