/// The launches of a trace by their correlation.
struct Launches {
  /// One of several launches with the same correlation.
  private struct Entry {
    var correlation: Int64
    var process: Int32
    var start: Int64
    var launch: Int32

    /// Whether this comes after all of that correlation and process up to `start`.
    func isAfter(_ correlation: Int64, _ process: Int32, _ start: Int64) -> Bool {
      (self.correlation, self.process, self.start) > (correlation, process, start)
    }
  }

  /// The last launch with a correlation.
  private var last: [Int64: Int32] = [:]
  /// The correlations that occur several times; real traces have few of them or none.
  private var repeated: Set<Int64> = []
  /// The launches with those, by correlation, process and start.
  private var byProcess: [Entry] = []
  /// The same by correlation and start, with one process for all.
  private var byStart: [Entry] = []
  /// The process that launched most of the kernels of a device, where one launch is certain.
  private var processes: [Int32: Int32] = [:]

  /// - Complexity: O(*n* log *n*) in the number of host events.
  init(_ events: TraceEvents) {
    last.reserveCapacity(events.devices.count)
    for (index, host) in events.hosts.enumerated()
    where host.kind == .launch && host.correlation != TraceEvents.none {
      if last.updateValue(Int32(index), forKey: host.correlation) != nil {
        repeated.insert(host.correlation)
      }
    }
    guard !repeated.isEmpty else { return }
    for (index, host) in events.hosts.enumerated()
    where host.kind == .launch && repeated.contains(host.correlation) {
      byProcess.append(
        Entry(
          correlation: host.correlation, process: events.threads[Int(host.thread)].process,
          start: host.start, launch: Int32(index)))
    }
    byStart = byProcess
    for index in byStart.indices { byStart[index].process = 0 }
    byProcess.sort(by: Self.isBefore)
    byStart.sort(by: Self.isBefore)
    processes = votes(events)
  }

  /// The launch of a device event: of several, the latest that started before it, in the process
  /// that owns the device.
  ///
  /// - Complexity: O(log *n*) in the number of launches.
  func find(
    for device: TraceEvents.Device, in events: TraceEvents, _ ambiguous: inout Int
  ) -> Int32? {
    guard device.correlation != TraceEvents.none, let only = last[device.correlation] else {
      return nil
    }
    if device.process >= 0 { return find(for: device, only: only, in: events, &ambiguous) }
    guard repeated.contains(device.correlation) else { return only }
    ambiguous += 1
    if let process = processes[device.device],
      let launch = Self.nearest(byProcess, device.correlation, process, device.start)
    {
      return launch
    }
    return Self.nearest(byStart, device.correlation, 0, device.start)
  }

  /// As above where the source says which process launched: a correlation counts within it alone.
  private func find(
    for device: TraceEvents.Device, only: Int32, in events: TraceEvents, _ ambiguous: inout Int
  ) -> Int32? {
    guard repeated.contains(device.correlation) else {
      let thread = Int(events.hosts[Int(only)].thread)
      return events.threads[thread].process == device.process ? only : nil
    }
    let before = Self.upperBound(byProcess, device.correlation, device.process, .min)
    let end = Self.upperBound(byProcess, device.correlation, device.process, .max)
    if end - before > 1 { ambiguous += 1 }
    return Self.nearest(byProcess, device.correlation, device.process, device.start)
  }

  /// The latest launch up to `start`, else the earliest after it; of equal ones the last in the
  /// file.
  private static func nearest(
    _ entries: [Entry], _ correlation: Int64, _ process: Int32, _ start: Int64
  ) -> Int32? {
    func last(upTo start: Int64) -> Entry? {
      let end = upperBound(entries, correlation, process, start)
      guard end > 0 else { return nil }
      let entry = entries[end - 1]
      return entry.correlation == correlation && entry.process == process ? entry : nil
    }
    if let before = last(upTo: start) { return before.launch }
    let first = upperBound(entries, correlation, process, start)
    guard first < entries.count else { return nil }
    return last(upTo: entries[first].start)?.launch
  }

  /// The number of entries that are not after the given place.
  private static func upperBound(
    _ entries: [Entry], _ correlation: Int64, _ process: Int32, _ start: Int64
  ) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].isAfter(correlation, process, start) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low
  }

  private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    (a.correlation, a.process, a.start, a.launch) < (b.correlation, b.process, b.start, b.launch)
  }

  private func votes(_ events: TraceEvents) -> [Int32: Int32] {
    var counts: [TraceEvents.Thread: Int] = [:]
    for device in events.devices where device.correlation != TraceEvents.none {
      guard let first = last[device.correlation], !repeated.contains(device.correlation) else {
        continue
      }
      let process = events.threads[Int(events.hosts[Int(first)].thread)].process
      counts[TraceEvents.Thread(process: process, thread: device.device), default: 0] += 1
    }
    var winners: [Int32: (count: Int, process: Int32)] = [:]
    for (pair, count) in counts {
      let best = winners[pair.thread] ?? (0, -1)
      if (count, -Int(pair.process)) > (best.count, -Int(best.process)) {
        winners[pair.thread] = (count, pair.process)
      }
    }
    return winners.mapValues(\.process)
  }
}
