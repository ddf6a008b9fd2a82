import TraceIO

/// Finds what a kernel's launch says about the collective that it is.
struct CollectiveHosts {
  private let events: TraceEvents
  private let parents: [Int32]
  private let worldSize: Int?
  /// The operators that tell the arguments of a collective.
  private var tellers: Set<Int32> = []
  /// The launches within them by correlation; -1 where several have one correlation.
  private var launches: [Int64: Int32] = [:]
  /// Whether a kernel is the library's own, by the number of its name.
  private var libraryNames: [Int32: Bool] = [:]
  /// What was told before, by the numbers of its texts.
  private var descriptions: [Told: CollectiveDescription] = [:]

  /// What tells one description from another.
  private struct Told: Hashable {
    var name: Int32
    var dataType: Int32
    var input: Int64
    var output: Int64
    var ranks: Int64
  }

  init(_ events: TraceEvents, _ attribution: KernelAttribution, worldSize: Int?) {
    self.events = events
    parents = attribution.parents
    self.worldSize = worldSize
    // Each name is looked at once: 1 for another, 2 for the one that is looked for.
    var names = [UInt8](repeating: 0, count: events.texts.count)
    for (index, host) in events.hosts.enumerated() where host.kind == .operator {
      let name = Int(host.name)
      if names[name] == 0 {
        names[name] = events.texts[host.name] == KinetoEventParser.collectiveOperator ? 2 : 1
      }
      if names[name] == 2 { tellers.insert(Int32(index)) }
    }
    guard !tellers.isEmpty else { return }
    for (index, host) in events.hosts.enumerated()
    where host.kind == .launch && host.correlation != TraceEvents.none {
      let isKnown = launches[host.correlation] != nil
      if teller(around: Int32(index)) != nil {
        launches[host.correlation] = isKnown ? -1 : Int32(index)
      } else if isKnown {
        launches[host.correlation] = -1
      }
    }
  }

  /// Whether no host event tells anything.
  var isEmpty: Bool { tellers.isEmpty }

  /// What a kernel is, by its own words, else by those around its launch; nil for no collective.
  mutating func describe(
    _ device: TraceEvents.Device, _ own: CollectiveMetadata?
  ) -> (description: CollectiveDescription, metadata: CollectiveMetadata)? {
    if let own, own.name >= 0 { return (description(own), own) }
    guard let launch = launches[device.correlation], launch >= 0,
      let teller = teller(around: launch), isOfLibrary(device.name)
    else { return nil }
    if let told = events.collectives.hosts[teller], told.name >= 0 {
      return (description(told), told)
    }
    return description(byInputsOf: events.hosts[Int(teller)], kernel: device.name).map {
      ($0, CollectiveMetadata())
    }
  }

  private func teller(around launch: Int32) -> Int32? {
    var host = parents[Int(launch)]
    var steps = 0
    while host >= 0, steps < 16 {
      if tellers.contains(host) { return host }
      host = parents[Int(host)]
      steps += 1
    }
    return nil
  }

  /// Whether a kernel is the library's own; copies for lists of tensors are launched beside it.
  private mutating func isOfLibrary(_ number: Int32) -> Bool {
    if let known = libraryNames[number] { return known }
    let name = events.texts[number].lowercased()
    let isOwn =
      name.hasPrefix("nccl") || name.hasPrefix("rccl") || name.contains("nccldevkernel")
    libraryNames[number] = isOwn
    return isOwn
  }

  private mutating func description(_ told: CollectiveMetadata) -> CollectiveDescription {
    let key = Told(
      name: told.name, dataType: told.dataType, input: told.inputElements,
      output: told.outputElements, ranks: told.ranks)
    if let known = descriptions[key] { return known }
    let description = CollectiveDescription(
      name: text(told.name), dataType: text(told.dataType), input: told.inputElements,
      output: told.outputElements, ranks: told.ranks > 0 ? told.ranks : Int64(worldSize ?? -1))
    descriptions[key] = description
    return description
  }

  /// A name as the profiler writes it; longer ones than any real are cut, since groups keep them.
  private func text(_ number: Int32) -> String {
    number < 0 ? "" : String(events.texts[number].prefix(100))
  }

  /// Before PyTorch 2.1: the first tensor is what the rank gives, and the last scalar, where there
  /// is one, the size of the group; the kernel's name says what is done.
  private func description(
    byInputsOf host: TraceEvents.Host, kernel: Int32
  ) -> CollectiveDescription? {
    let name = events.texts[kernel]
    let operations = ["AllReduce", "AllGather", "ReduceScatter", "Broadcast", "Reduce"]
    guard let operation = operations.first(where: name.contains), host.dims >= 0, host.types >= 0,
      let elements = ShapeList(json: events.texts[host.dims])?.tensor(0)?.product,
      let ranks = groupSize(host) ?? worldSize.map(Int64.init)
    else { return nil }
    let (gathered, overflow) = Int64(elements).multipliedReportingOverflow(by: ranks)
    guard !overflow else { return nil }
    return CollectiveDescription(
      name: operation.lowercased(), dataType: TypeList(json: events.texts[host.types])[0],
      input: Int64(elements), output: operation == "AllGather" ? gathered : -1, ranks: ranks)
  }

  private func groupSize(_ host: TraceEvents.Host) -> Int64? {
    guard host.inputs >= 0 else { return nil }
    let texts = events.texts[host.inputs].split(separator: ",")
    guard texts.count >= 8, let last = texts.last else { return nil }
    return Int64(last.filter { $0.isNumber }).flatMap { $0 > 0 && $0 < 1 << 24 ? $0 : nil }
  }
}
