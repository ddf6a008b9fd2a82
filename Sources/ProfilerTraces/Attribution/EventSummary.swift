/// What a kernel-level trace holds, in numbers.
public struct EventSummary: Hashable, Sendable {
  /// The operators of the framework.
  public var operators = 0
  /// The calls of the device's runtime or driver.
  public var launches = 0
  /// The kernels.
  public var kernels = 0
  /// The copies.
  public var copies = 0
  /// The fills.
  public var fills = 0
  /// The spans that the program named.
  public var annotations = 0
  /// The devices that ran anything.
  public var devices = 0
  /// The streams on them.
  public var streams = 0
  /// The threads of operators and launches.
  public var threads = 0
  /// From the first start to the last end, in nanoseconds.
  public var span: Int64 = 0
  /// The largest step that all durations on devices (without one, of operators) are multiples of,
  /// in nanoseconds; 0 where there are none.
  public var resolution: Int64 = 0
}

extension EventSummary {
  /// Counts events.
  init(_ events: TraceEvents) {
    var (first, last) = (Int64.max, Int64.min)
    // Operators without a thread are those of a graph's capture, from another trace.
    for host in events.hosts where host.thread >= 0 {
      if host.kind == .operator { operators += 1 } else { launches += 1 }
      if events.devices.isEmpty { resolution = Self.divisor(resolution, host.duration) }
      first = min(first, host.start)
      last = max(last, host.start.adding(host.duration))
    }
    var streamsSeen: Set<[Int32]> = []
    var devicesSeen: Set<Int32> = []
    var previous: [Int32] = []
    for device in events.devices {
      switch device.kind {
      case .kernel: kernels += 1
      case .memcpy: copies += 1
      case .memset: fills += 1
      }
      resolution = Self.divisor(resolution, device.duration)
      first = min(first, device.start)
      last = max(last, device.start.adding(device.duration))
      if previous.count != 2 || previous[0] != device.device || previous[1] != device.stream {
        previous = [device.device, device.stream]
        devicesSeen.insert(device.device)
        streamsSeen.insert(previous)
      }
    }
    annotations = events.annotations.count
    threads = events.threads.count
    devices = devicesSeen.count
    streams = streamsSeen.count
    if first <= last {
      let (length, overflow) = last.subtractingReportingOverflow(first)
      span = overflow ? .max : length
    }
  }

  /// The greatest common divisor of numbers that are not negative; 1 is not searched further.
  private static func divisor(_ left: Int64, _ right: Int64) -> Int64 {
    if left == 1 || right <= 0 { return left }
    var (a, b) = (left, right)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
