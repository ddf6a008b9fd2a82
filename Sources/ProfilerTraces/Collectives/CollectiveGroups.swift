import Operators
import TraceIO

/// Gathers the kernels of equal collectives.
///
/// The profiler says on the kernel itself what it is, else on the `record_param_comms` around its
/// launch: in words of its own, or (before PyTorch 2.1) by the shapes of its inputs.
struct CollectiveGroups {
  /// One group while it is gathered.
  fileprivate struct Group {
    var description: CollectiveDescription
    /// What the description says of each call, worked out once.
    var participants: Int32
    var isBetweenTwo: Bool
    var isSent: Bool
    var durations: [Int64] = []
    var kernels: [Int32: KernelLaunches] = [:]

    init(_ description: CollectiveDescription) {
      self.description = description
      participants = Int32(description.participants ?? 0)
      isBetweenTwo = description.kind == .sendReceive
      isSent = description.name.lowercased().hasPrefix("send")
    }
  }

  /// For each device event whether it is a collective's; empty if none is.
  private(set) var taken: [Bool] = []
  private var groups: [Group] = []
  private var numbers: [CollectiveDescription: Int] = [:]
  private var calls = CollectiveCalls()
  private var channels: [CollectiveCalls.Channel: Int32] = [:]
  private var channelTexts: [Int32: Int32] = [:]
  private var devices: [Int32: Int32] = [:]
  private let events: TraceEvents
  private let rank: Int64?

  /// Gathers a trace's collectives.
  init(
    _ events: TraceEvents, _ attribution: KernelAttribution, rank: Int64?, worldSize: Int?
  ) {
    self.events = events
    self.rank = rank
    var hosts = CollectiveHosts(events, attribution, worldSize: worldSize)
    guard !events.collectives.devices.isEmpty || !hosts.isEmpty else { return }
    taken = [Bool](repeating: false, count: events.devices.count)
    for (index, device) in events.devices.enumerated() where device.kind == .kernel {
      let own = events.collectives.devices[Int32(index)]
      guard let found = hosts.describe(device, own) else { continue }
      taken[index] = true
      add(device, found.description, found.metadata)
    }
  }

  private mutating func add(
    _ device: TraceEvents.Device, _ description: CollectiveDescription,
    _ metadata: CollectiveMetadata
  ) {
    let group = number(of: description)
    groups[group].durations.append(device.duration)
    groups[group].kernels[device.name, default: KernelLaunches()].add(
      device.duration, at: device.place)
    calls.calls.append(
      CollectiveCalls.Call(
        group: Int32(group), channel: channel(of: group, metadata),
        device: number(ofDevice: device.device), ranks: groups[group].participants,
        sequence: metadata.sequence, start: device.start, duration: device.duration))
  }

  private mutating func number(of description: CollectiveDescription) -> Int {
    if let number = numbers[description] { return number }
    numbers[description] = groups.count
    groups.append(Group(description))
    return groups.count - 1
  }

  private mutating func number(ofDevice device: Int32) -> Int32 {
    if let number = devices[device] { return number }
    let number = Int32(devices.count)
    devices[device] = number
    calls.deviceCount = devices.count
    return number
  }

  /// The process group by its name and ranks, and between two ranks who sends to whom.
  private mutating func channel(
    of group: Int, _ metadata: CollectiveMetadata
  ) -> Int32 {
    var channel = CollectiveCalls.Channel(
      name: number(ofText: metadata.groupName), ranks: number(ofText: metadata.groupRanks))
    if groups[group].isBetweenTwo {
      let sends = groups[group].isSent
      channel.source = metadata.source
      channel.destination = metadata.destination
      if sends, channel.source < 0 { channel.source = rank ?? -1 }
      if !sends, channel.destination < 0 { channel.destination = rank ?? -1 }
    }
    if let number = channels[channel] { return number }
    let number = Int32(calls.channels.count)
    channels[channel] = number
    calls.channels.append(channel)
    return number
  }

  private mutating func number(ofText text: Int32) -> Int32 {
    guard text >= 0 else { return -1 }
    if let number = channelTexts[text] { return number }
    let number = Int32(calls.texts.count)
    channelTexts[text] = number
    calls.texts.append(events.texts[text].filter { $0 != " " })
    return number
  }

  /// Adds the groups to a trace, longest total first, and tallies their time: it includes the wait
  /// for other ranks until ``CollectiveMatching`` has told it apart.
  func finish(into trace: inout ImportedTrace) {
    let results = groups.enumerated()
      .map { (index: $0.offset, group: $0.element.result(events.texts)) }
      .sorted { ($1.group.totalKernelTime, $0.index) < ($0.group.totalKernelTime, $1.index) }
    var places = [Int32](repeating: 0, count: groups.count)
    for result in results {
      let group = groups[result.index]
      guard let duration = DurationStatistics(group.durations) else { continue }
      let mapped = group.description.mapped
      places[result.index] = Int32(trace.groups.count)
      trace.groups.append(result.group)
      trace.samples.append(
        OperatorSample(
          mapped.operator, at: mapped.point,
          label: group.description.label + CollectiveDescription.waitingMark, duration: duration))
    }
    trace.collectives = calls
    for index in calls.calls.indices {
      trace.collectives.calls[index].group = places[Int(calls.calls[index].group)]
    }
    CollectiveMatching.separateWaiting(in: &trace)
  }
}

extension CollectiveGroups.Group {
  fileprivate func result(_ texts: ByteStringTable) -> OperatorGroup {
    OperatorGroup(
      name: description.name, inputDims: "[[\(description.input)],[\(description.output)]]",
      inputTypes: "[\"\(description.dataType)\"]", inputStrides: "",
      concreteInputs: "[\(description.ranks)]", operationCount: durations.count,
      totalKernelTime: durations.reduce(0) { $0.adding($1) },
      kernels: kernels.map {
        $0.value.total(name: texts[$0.key])
      }
      .sorted { ($1.total, $0.name) < ($0.total, $1.name) })
  }
}

extension CollectiveDescription {
  /// What a sample's label ends in while its time includes the wait for other ranks.
  static let waitingMark = ", waiting included"

  /// The profiler's words for it, such as `allreduce Float 6637568 to 6637568 on 2 ranks`.
  var label: String { "\(name) \(dataType) \(input) to \(output) on \(ranks) ranks" }
}
