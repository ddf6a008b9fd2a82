import Operators
import TraceIO

/// Gathers the calls of equal operators with equal arguments, and their kernels.
struct OperatorGroups {
  /// The texts that tell one group from another, by number.
  private struct Key: Hashable {
    var name: Int32
    var dims: Int32
    var types: Int32
    var strides: Int32
    var inputs: Int32
    /// How many device events one call launched: with another number the operator went another way
    /// (full attention here, a sliding window there), and a median over both would be neither's.
    var launches: Int32
  }

  private struct KernelKey: Hashable {
    var group: Int32
    var kernel: Int32
  }

  /// One group while it is gathered.
  private struct Group {
    var key: Key
    var durations: [Int64] = []
    /// The sum over kernels, or over the calls of the processor.
    var total: Int64 = 0
    var kernels: [Int32] = []
    var hasKernel = false
    var hasMemcpy = false
    /// The copies, and the bytes that each of them moved; nil where they differ or are not known.
    var copies = 0
    var bytes: Int64?

    mutating func addCopy(of bytes: Int64) {
      self.bytes = bytes >= 0 && (!hasMemcpy || self.bytes == bytes) ? bytes : nil
      hasMemcpy = true
      copies += 1
    }
  }

  private var groups: [Group] = []
  private var numbers: [Key: Int32] = [:]
  private var kernelTotals: [KernelKey: KernelLaunches] = [:]
  private let texts: ByteStringTable
  private let canonical: CanonicalTexts
  private var isQuantised = false

  private init(_ events: TraceEvents) {
    texts = events.texts
    canonical = CanonicalTexts(events)
  }

  /// Groups by the owners of kernels, and tallies the rules.
  ///
  /// A call lasts as long as any of its kernels runs: where they overlap, their sum would be longer.
  ///
  /// - Parameter taken: which device events are left out, because others account for them; may be
  ///   empty.
  init(
    _ events: TraceEvents, _ attribution: KernelAttribution, taken: [Bool] = [],
    _ coverage: inout Coverage
  ) {
    self.init(events)
    coverage.events = EventSummary(events)
    isQuantised = coverage.timing.resolution > 1
    let calls = CallTimes(events, attribution)
    var numbers = [Int32](repeating: -1, count: calls.launches.count)
    for (index, device) in events.devices.enumerated() where taken.isEmpty || !taken[index] {
      let owner = attribution.owners[index]
      coverage.add(device.duration, by: owner.rule)
      guard owner.isUsed else { continue }
      let call = calls.place(of: owner.call)
      if numbers[call] < 0 {
        numbers[call] = number(
          of: events.hosts[Int(owner.host)], launches: calls.launches[call])
      }
      let group = numbers[call]
      let key = KernelKey(group: group, kernel: device.name)
      if kernelTotals[key] == nil { groups[Int(group)].kernels.append(device.name) }
      kernelTotals[key, default: KernelLaunches()].add(
        device.duration, at: device.place)
      groups[Int(group)].total = groups[Int(group)].total.adding(device.duration)
      if device.kind == .kernel { groups[Int(group)].hasKernel = true }
      if device.kind == .memcpy { groups[Int(group)].addCopy(of: device.bytes) }
    }
    for (call, group) in numbers.enumerated() where group >= 0 {
      groups[Int(group)].durations.append(calls.busy[call])
    }
  }

  /// Groups operators by their own time on the processor, for traces without a device.
  ///
  /// The outermost operator with shapes stands for all within it, so that no time counts twice:
  /// `aten::linear` for `aten::addmm`. Where nothing has shapes, the outermost operator stands.
  init(
    processor events: TraceEvents, _ attribution: KernelAttribution, _ coverage: inout Coverage
  ) {
    self.init(events)
    coverage.events = EventSummary(events)
    let parents = attribution.parents
    let hasShapes = events.hosts.contains { $0.kind == .operator && $0.dims >= 0 }
    func isCandidate(_ index: Int) -> Bool {
      let host = events.hosts[index]
      return host.kind == .operator && (host.dims >= 0 || !hasShapes)
    }
    for (index, host) in events.hosts.enumerated() where isCandidate(index) {
      let parent = parents[index]
      let isInner =
        parent >= 0 && (!hasShapes || attribution.shapedAncestors[Int(parent)] >= 0)
      guard !isInner else { continue }
      coverage.add(host.duration, by: .cpuOperator)
      let group = Int(number(of: host, launches: 0))
      groups[group].durations.append(host.duration)
      groups[group].total = groups[group].total.adding(host.duration)
    }
  }

  private mutating func number(of host: TraceEvents.Host, launches: Int32) -> Int32 {
    let key = Key(
      name: host.name, dims: canonical[host.dims], types: canonical[host.types],
      strides: canonical[host.strides], inputs: canonical[host.inputs], launches: launches)
    if let number = numbers[key] { return number }
    let number = Int32(groups.count)
    numbers[key] = number
    groups.append(Group(key: key))
    return number
  }

  /// The groups and their samples, longest total first.
  func finish(worldSize: Int?) -> [(group: OperatorGroup, sample: OperatorSample)] {
    var results: [(group: OperatorGroup, sample: OperatorSample)] = []
    for (index, group) in groups.enumerated() {
      guard var statistics = DurationStatistics(group.durations) else { continue }
      // Durations of whole microseconds are right on average (both ends are cut alike), so that
      // zeros stay in the mean; but a median of zero says only that most were below one.
      if isQuantised, statistics.median == 0 { statistics.median = statistics.mean }
      let result = OperatorGroup(
        name: texts[group.key.name], inputDims: canonical.text(group.key.dims),
        inputTypes: canonical.text(group.key.types),
        inputStrides: canonical.text(group.key.strides),
        concreteInputs: canonical.text(group.key.inputs), operationCount: group.durations.count,
        totalKernelTime: group.total,
        kernels: kernels(of: group, at: Int32(index)))
      let mapped = OperatorMapping.map(
        result, isCopy: group.hasMemcpy && !group.hasKernel,
        copied: group.copies == group.durations.count ? group.bytes : nil, worldSize: worldSize)
      let label = result.inputDims.isEmpty ? result.name : result.name + " " + result.inputDims
      results.append(
        (
          result,
          OperatorSample(mapped.operator, at: mapped.point, label: label, duration: statistics)
        ))
    }
    return results.sorted { $0.group.precedes($1.group) }
  }

  private func kernels(of group: Group, at index: Int32) -> [KernelTotal] {
    group.kernels.map { kernel in
      let gathered = kernelTotals[KernelKey(group: index, kernel: kernel)] ?? KernelLaunches()
      return gathered.total(name: texts[kernel])
    }
    .sorted { ($1.total, $0.name) < ($0.total, $1.name) }
  }
}

extension OperatorGroup {
  /// Longest total first, and in all cases the same order.
  fileprivate func precedes(_ other: Self) -> Bool {
    if totalKernelTime != other.totalKernelTime { return totalKernelTime > other.totalKernelTime }
    if name != other.name { return name < other.name }
    if inputDims != other.inputDims { return inputDims < other.inputDims }
    if inputTypes != other.inputTypes { return inputTypes < other.inputTypes }
    if inputStrides != other.inputStrides { return inputStrides < other.inputStrides }
    if concreteInputs != other.concreteInputs { return concreteInputs < other.concreteInputs }
    return operationCount < other.operationCount
  }
}

/// The captured JSON of a trace without its white space, each distinct text once.
private struct CanonicalTexts {
  private var table = ByteStringTable()
  /// For each captured text the number of its compact one, or -1.
  private var numbers: [Int32]

  init(_ events: TraceEvents) {
    numbers = [Int32](repeating: -1, count: events.texts.count)
    for host in events.hosts {
      for raw in [host.dims, host.types, host.strides, host.inputs]
      where numbers.indices.contains(Int(raw)) && numbers[Int(raw)] < 0 {
        numbers[Int(raw)] = table.intern(Self.compact(events.texts[raw])) ?? -1
      }
    }
  }

  /// The number of the compact text of a captured one; -1 for none.
  subscript(raw: Int32) -> Int32 {
    numbers.indices.contains(Int(raw)) ? numbers[Int(raw)] : -1
  }

  func text(_ number: Int32) -> String { number < 0 ? "" : table[number] }

  private static func compact(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var isQuoted = false
    var isEscaped = false
    for byte in text.utf8 {
      if !isQuoted, byte <= 0x20 { continue }
      bytes.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = isQuoted
      } else if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
