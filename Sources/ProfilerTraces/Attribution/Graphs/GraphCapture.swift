import TraceIO

/// One captured CUDA or HIP graph: what was launched while the stream recorded instead of running.
struct GraphCapture {
  /// What a captured call becomes in the graph.
  enum Kind {
    case kernel, copy, fill

    /// The kind by the name of a call of the runtime or driver; nil where it launches nothing.
    init?(call name: String) {
      if name.contains("Memcpy") {
        self = .copy
      } else if name.contains("Memset") {
        self = .fill
      } else if name.contains("Launch"), !name.contains("GraphLaunch"), !name.contains("HostFunc") {
        self = .kernel
      } else {
        return nil
      }
    }

    /// Whether the device may show it as this; copies and fills also run as kernels.
    func allows(_ device: TraceEvents.DeviceKind) -> Bool {
      switch self {
      case .kernel: device == .kernel
      case .copy: device == .memcpy || device == .kernel
      case .fill: device == .memset || device == .kernel
      }
    }
  }

  /// One captured launch.
  struct Launch {
    /// The operator that launched it, a number of the capture's hosts, or -1.
    var owner: Int32
    /// The name of its kernel, a number of the capture's texts, or -1 where the profiler has none.
    var kernel: Int32
    var kind: Kind
  }

  /// The number of sequences or tokens that it was captured for, where the capture says.
  var size: Int?
  /// The launches in the order of the processor.
  var launches: [Launch]
}

/// The graphs that one trace captured, and the operators that they came from.
struct CapturedTrace {
  /// The trace without its device events.
  private(set) var events: TraceEvents
  private(set) var graphs: [GraphCapture] = []

  /// Finds the graphs: the launches that no device event answers, since the stream was recording,
  /// within each annotation `capture_{size}_{mode}`, or in the whole trace if `size` is given and no
  /// annotation is there.
  init(_ events: TraceEvents, _ attribution: KernelAttribution, size: Int? = nil) {
    self.events = events
    self.events.devices = SegmentedArray()
    let sections = events.annotations.compactMap { annotation in
      Self.size(ofCapture: events.texts[annotation.name]).map { (annotation, $0) }
    }
    guard !sections.isEmpty || size != nil else { return }
    let launches = Self.captured(events, attribution)
    guard !sections.isEmpty else {
      graphs = [GraphCapture(size: size, launches: launches.map(\.launch))]
      return
    }
    let owners = Enclosing.innermost(
      launches.map(\.point),
      in: sections.map { annotation, _ in
        Enclosing.Span(
          start: annotation.start, end: annotation.end,
          process: events.process(of: annotation.thread))
      })
    graphs = sections.map { GraphCapture(size: $0.1, launches: []) }
    for (launch, owner) in zip(launches, owners) where owner >= 0 {
      graphs[Int(owner)].launches.append(launch.launch)
    }
    graphs.removeAll { $0.launches.isEmpty }
  }

  /// The launches that were recorded, in order.
  private static func captured(
    _ events: TraceEvents, _ attribution: KernelAttribution
  ) -> [(point: Enclosing.Point, launch: GraphCapture.Launch)] {
    let ran = Set(events.devices.lazy.map(\.correlation))
    var kinds: [Int32: GraphCapture.Kind?] = [:]
    var captured: [Int] = []
    for (index, host) in events.hosts.enumerated()
    where host.kind == .launch && host.correlation != TraceEvents.none {
      let kind: GraphCapture.Kind?
      if let known = kinds[host.name] {
        kind = known
      } else {
        kind = GraphCapture.Kind(call: events.texts[host.name])
        kinds[host.name] = .some(kind)
      }
      if kind != nil, !ran.contains(host.correlation) { captured.append(index) }
    }
    captured.sort { (events.hosts[$0].start, $0) < (events.hosts[$1].start, $1) }
    return captured.compactMap { index in
      let host = events.hosts[index]
      guard case .some(.some(let kind)) = kinds[host.name] else { return nil }
      return (
        Enclosing.Point(start: host.start, process: events.process(of: host.thread)),
        GraphCapture.Launch(
          owner: attribution.owner(of: Int32(index)).host, kernel: host.kernel, kind: kind)
      )
    }
  }

  /// The size in `capture_32_FULL`; nil for any other name.
  static func size(ofCapture name: String) -> Int? {
    let prefix = "capture_"
    guard name.hasPrefix(prefix) else { return nil }
    let digits = name.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
    guard name.dropFirst(prefix.count + digits.count).hasPrefix("_") else { return nil }
    return Int(digits)
  }
}
