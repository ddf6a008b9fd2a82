import TraceIO

/// Gives every kernel to the operator that launched it.
///
/// The rule: the kernel's correlation names the launch in the runtime or driver; the launch lies
/// within operators on its thread; the innermost one is the owner, and if it has no shapes, the
/// nearest one outside of it that has. `External id` is not used: in traces of 2022 to 2024 it is
/// a copy of the correlation, and joining on it gives wrong operators.
struct KernelAttribution {
  /// Where a kernel belongs.
  struct Owner {
    var rule: AttributionRule
    /// A number of ``TraceEvents/hosts``, or -1.
    var host: Int32
    /// Which call of that operator; see ``KernelAttribution/callCount``. The operator's own number
    /// unless it was captured once and runs with every launch of a graph.
    var call: Int32

    init(rule: AttributionRule, host: Int32, call: Int32? = nil) {
      self.rule = rule
      self.host = host
      self.call = call ?? host
    }

    /// Whether its time becomes part of a sample.
    var isUsed: Bool { host >= 0 && call >= 0 && rule != .graph }
  }

  /// For each device event its owner.
  private(set) var owners: [Owner] = []
  /// For each device event its launch, or -1.
  private(set) var launches: [Int32] = []
  /// One more than the largest number of a call.
  private(set) var callCount: Int
  /// For each host event the innermost operator around it, or -1.
  private(set) var parents: [Int32] = []
  /// For each host event the nearest one with shapes, itself or around it, or -1.
  private(set) var shapedAncestors: [Int32] = []
  /// The number of kernels whose correlation has several launches.
  private(set) var ambiguousLaunches = 0

  /// - Complexity: O(*n* log *n*) in the number of host events.
  init(_ events: TraceEvents) {
    (parents, shapedAncestors) = Self.nest(events.hosts)
    callCount = events.hosts.count
    let byCorrelation = Launches(events)
    let graphNames = Self.graphLaunchNames(events)
    // Without any launch in the source, none is missing.
    let orphan: AttributionRule =
      events.hosts.contains { $0.kind == .launch } ? .clipped : .noOperator
    let nodes = Self.capturedNodes(events)
    var nodeCalls: [NodeCall: Int32] = [:]
    owners.reserveCapacity(events.devices.count)
    launches.reserveCapacity(events.devices.count)
    for device in events.devices {
      guard let launch = byCorrelation.find(for: device, in: events, &ambiguousLaunches) else {
        owners.append(Owner(rule: orphan, host: -1))
        launches.append(-1)
        continue
      }
      launches.append(launch)
      guard graphNames.contains(events.hosts[Int(launch)].name) else {
        owners.append(owner(of: launch))
        continue
      }
      if device.graphNode != 0, let captured = nodes[device.graphNode], captured >= 0,
        case let owner = owner(of: captured), owner.host >= 0
      {
        let key = NodeCall(launch: launch, host: owner.host)
        let call = nodeCalls[key] ?? newCall()
        nodeCalls[key] = call
        owners.append(Owner(rule: .graphNode, host: owner.host, call: call))
      } else {
        owners.append(Owner(rule: .graph, host: parents[Int(launch)]))
      }
    }
  }

  /// The owners as the profiler itself names them, each of whose host events is one call.
  init(owners: [Owner], hosts: Int) {
    self.owners = owners
    launches = [Int32](repeating: -1, count: owners.count)
    callCount = hosts
  }

  /// A call of an operator that was captured: the graph's launch, and the operator.
  private struct NodeCall: Hashable {
    var launch: Int32
    var host: Int32
  }

  /// The launches that became nodes of graphs; -1 where several claim to be one.
  private static func capturedNodes(_ events: TraceEvents) -> [Int64: Int32] {
    var nodes: [Int64: Int32] = [:]
    for (index, host) in events.hosts.enumerated() where host.graphNode != 0 {
      nodes[host.graphNode] = nodes[host.graphNode] == nil ? Int32(index) : -1
    }
    return nodes
  }

  /// A number for a call besides those of the operators themselves.
  mutating func newCall() -> Int32 {
    guard callCount < Int(Int32.max) else { return -1 }
    callCount += 1
    return Int32(callCount - 1)
  }

  /// Gives a device event to another owner.
  mutating func assign(_ owner: Owner, to device: Int) { owners[device] = owner }

  /// The owner by the rule for a launch outside of any graph.
  func owner(of launch: Int32) -> Owner {
    let innermost = parents[Int(launch)]
    guard innermost >= 0 else { return Owner(rule: .noOperator, host: -1) }
    let shaped = shapedAncestors[Int(innermost)]
    if shaped >= 0 {
      return Owner(rule: shaped == innermost ? .correlation : .ancestor, host: shaped)
    }
    return Owner(rule: .withoutShape, host: innermost)
  }

  /// Sweeps each thread in the order of time with a stack of open operators.
  ///
  /// Operators that overlap without one holding the other occur in real traces, by up to 1.4 µs;
  /// an operator is left on the stack until all above it have ended.
  ///
  /// - Returns: The parents, and the nearest events with shapes.
  private static func nest(_ hosts: SegmentedArray<TraceEvents.Host>) -> ([Int32], [Int32]) {
    var order = Array(0..<Int32(hosts.count))
    order.sort { left, right in
      let (a, b) = (hosts[Int(left)], hosts[Int(right)])
      if a.thread != b.thread { return a.thread < b.thread }
      if a.start != b.start { return a.start < b.start }
      if a.duration != b.duration { return a.duration > b.duration }
      if a.kind != b.kind { return a.kind == .operator }
      return left < right
    }
    var parents = [Int32](repeating: -1, count: hosts.count)
    var shaped = parents
    var stack: [Int] = []
    var thread: Int32 = -1
    for number in order {
      let index = Int(number)
      let host = hosts[index]
      if host.thread != thread {
        thread = host.thread
        stack.removeAll(keepingCapacity: true)
      }
      while let top = stack.last, hosts[top].end <= host.start { stack.removeLast() }
      if let top = stack.last {
        parents[index] = Int32(top)
        shaped[index] = shaped[top]
      }
      if host.dims >= 0 { shaped[index] = Int32(index) }
      if host.kind == .operator { stack.append(index) }
    }
    return (parents, shaped)
  }

  private static func graphLaunchNames(_ events: TraceEvents) -> Set<Int32> {
    var seen: Set<Int32> = []
    var names: Set<Int32> = []
    for host in events.hosts where host.kind == .launch && seen.insert(host.name).inserted {
      if events.texts[host.name].contains("GraphLaunch") { names.insert(host.name) }
    }
    return names
  }
}
