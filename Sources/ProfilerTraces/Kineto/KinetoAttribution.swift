import TraceIO

/// Gives every kernel to the operator that launched it.
///
/// The rule: the kernel's correlation names the launch in the runtime or driver; the launch lies
/// within operators on its thread; the innermost one is the owner, and if it has no shapes, the
/// nearest one outside of it that has. `External id` is not used: in traces of 2022 to 2024 it is
/// a copy of the correlation, and joining on it gives wrong operators.
struct KinetoAttribution {
  /// Where a kernel belongs.
  struct Owner {
    var rule: AttributionRule
    /// A number of ``KinetoEvents/hosts``, or -1.
    var host: Int32
  }

  /// For each device event its owner.
  private(set) var owners: [Owner] = []
  /// For each host event the innermost operator around it, or -1.
  private(set) var parents: [Int32] = []
  /// The number of kernels whose correlation has several launches.
  private(set) var ambiguousLaunches = 0

  /// - Complexity: O(*n* log *n*) in the number of host events.
  init(_ events: KinetoEvents) {
    parents = Self.nest(events.hosts)
    let launches = Launches(events)
    let graphNames = Self.graphLaunchNames(events)
    owners.reserveCapacity(events.devices.count)
    for device in events.devices {
      guard let launch = launches.find(for: device, in: events, &ambiguousLaunches) else {
        owners.append(Owner(rule: .clipped, host: -1))
        continue
      }
      if graphNames.contains(events.hosts[Int(launch)].name) {
        owners.append(Owner(rule: .graph, host: parents[Int(launch)]))
        continue
      }
      owners.append(owner(of: launch, events.hosts))
    }
  }

  private func owner(of launch: Int32, _ hosts: [KinetoEvents.Host]) -> Owner {
    let innermost = parents[Int(launch)]
    guard innermost >= 0 else { return Owner(rule: .noOperator, host: -1) }
    var candidate = innermost
    while candidate >= 0 {
      if hosts[Int(candidate)].dims >= 0 {
        return Owner(rule: candidate == innermost ? .correlation : .ancestor, host: candidate)
      }
      candidate = parents[Int(candidate)]
    }
    return Owner(rule: .withoutShape, host: innermost)
  }

  /// Sweeps each thread in the order of time with a stack of open operators.
  ///
  /// Operators that overlap without one holding the other occur in real traces, by up to 1.4 µs;
  /// an operator is left on the stack until all above it have ended.
  private static func nest(_ hosts: [KinetoEvents.Host]) -> [Int32] {
    var order = Array(hosts.indices)
    order.sort { left, right in
      let (a, b) = (hosts[left], hosts[right])
      if a.thread != b.thread { return a.thread < b.thread }
      if a.start != b.start { return a.start < b.start }
      if a.duration != b.duration { return a.duration > b.duration }
      if a.kind != b.kind { return a.kind == .operator }
      return left < right
    }
    var parents = [Int32](repeating: -1, count: hosts.count)
    var stack: [Int] = []
    var thread: Int32 = -1
    for index in order {
      let host = hosts[index]
      if host.thread != thread {
        thread = host.thread
        stack.removeAll(keepingCapacity: true)
      }
      while let top = stack.last, hosts[top].end <= host.start { stack.removeLast() }
      if let top = stack.last { parents[index] = Int32(top) }
      if host.kind == .operator { stack.append(index) }
    }
    return parents
  }

  private static func graphLaunchNames(_ events: KinetoEvents) -> Set<Int32> {
    var seen: Set<Int32> = []
    var names: Set<Int32> = []
    for host in events.hosts where host.kind == .launch && seen.insert(host.name).inserted {
      if events.texts[host.name].contains("GraphLaunch") { names.insert(host.name) }
    }
    return names
  }
}

/// The launches of a trace by their correlation.
private struct Launches {
  /// The last launch with a correlation.
  private var last: [Int64: Int32] = [:]
  /// For each host event the launch before it with the same correlation, or -1; empty if no
  /// correlation occurs twice.
  private var previous: [Int32] = []
  /// The process that launched most of the kernels of a device, where one launch is certain.
  private var processes: [Int32: Int32] = [:]

  init(_ events: KinetoEvents) {
    last.reserveCapacity(events.devices.count)
    for (index, host) in events.hosts.enumerated()
    where host.kind == .launch && host.correlation != KinetoEvents.none {
      if let before = last.updateValue(Int32(index), forKey: host.correlation) {
        if previous.isEmpty { previous = [Int32](repeating: -1, count: events.hosts.count) }
        previous[index] = before
      }
    }
    if !previous.isEmpty { processes = votes(events) }
  }

  /// The launch of a device event: of several, the latest that started before it, in the process
  /// that owns the device.
  func find(
    for device: KinetoEvents.Device, in events: KinetoEvents, _ ambiguous: inout Int
  ) -> Int32? {
    guard device.correlation != KinetoEvents.none, let first = last[device.correlation] else {
      return nil
    }
    guard !previous.isEmpty, previous[Int(first)] >= 0 else { return first }
    ambiguous += 1
    let process = processes[device.device]
    var best: Int32?
    var bestKey = (false, false, Int64.min)
    var candidate = first
    while candidate >= 0 {
      let host = events.hosts[Int(candidate)]
      let key = (
        events.threads[Int(host.thread)].process == process, host.start <= device.start, host.start
      )
      if best == nil || Self.isBetter(key, bestKey) {
        best = candidate
        bestKey = key
      }
      candidate = previous[Int(candidate)]
    }
    return best
  }

  private static func isBetter(_ a: (Bool, Bool, Int64), _ b: (Bool, Bool, Int64)) -> Bool {
    if a.0 != b.0 { return a.0 }
    if a.1 != b.1 { return a.1 }
    // Before the kernel the latest is best, after it the earliest.
    return a.1 ? a.2 > b.2 : a.2 < b.2
  }

  private func votes(_ events: KinetoEvents) -> [Int32: Int32] {
    var counts: [KinetoEvents.Thread: Int] = [:]
    for device in events.devices where device.correlation != KinetoEvents.none {
      guard let first = last[device.correlation], previous[Int(first)] < 0 else { continue }
      let process = events.threads[Int(events.hosts[Int(first)].thread)].process
      counts[KinetoEvents.Thread(process: process, thread: device.device), default: 0] += 1
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
