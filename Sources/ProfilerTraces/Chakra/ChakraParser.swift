import TraceIO

/// Reads the nodes of a Chakra trace one after the other, and joins kernels with their operators.
struct ChakraParser {
  /// An operator on the host.
  private struct Operation {
    var name: Int32
    var dims: Int32
    var types: Int32
    /// The record of the whole operator, of which this may be a piece, or 0.
    var record: Int64
  }

  /// A kernel's own arguments, used where its operator is not in the trace.
  private struct Kernel {
    var node: Int64
    var dims: Int32
    var types: Int32
    var inputs: Int32
    var isHostUnknown: Bool
  }

  var events = TraceEvents()
  var coverage = Coverage()
  var facts: [String: String] = [:]
  /// The collectives by the text that a group of their calls carries.
  private(set) var communications: [String: ChakraCommunication] = [:]
  private var operations: [Int64: Operation] = [:]
  private var kernels: [Kernel] = []
  private var parents: [Int64: Int64] = [:]
  /// Nodes need no start: kernels are laid one after the other, so that none overlaps.
  private var clock: Int64 = 0
  private var groupSizes: [String: Int] = [:]
  let options: ImportOptions

  init(options: ImportOptions) { self.options = options }

  /// Reads to the end.
  ///
  /// - Returns: Whether there were fewer nodes than the limit.
  mutating func read(_ reader: inout ProtobufReader) throws(TraceIOError) -> Bool {
    guard try reader.nextRecord() else { return true }
    while try reader.next() {
      if reader.field == 1 { facts["chakra_version"] = try reader.string(maximum: 64) }
      if reader.field == 2, try reader.enter() { try readFact(&reader) }
    }
    while try reader.nextRecord() {
      let offset = reader.fieldOffset
      coverage.recordsRead += 1
      let depth = reader.depth
      let node: ChakraNode
      do throws(TraceIOError) {
        node = try ChakraNode(&reader)
      } catch {
        guard error.reason == .malformedMessage, try reader.leave(depth) else { throw error }
        coverage.reject(.syntax)
        continue
      }
      let place = SourcePlace(
        offset: Int64(offset), length: Int32(clamping: reader.offset - offset))
      keep(node, place)
      // Nodes may share a number.
      guard max(parents.count, coverage.recordsUsed) <= options.maximumEvents else { return false }
    }
    return true
  }

  private mutating func readFact(_ reader: inout ProtobufReader) throws(TraceIOError) {
    var name = ""
    var text = ""
    while try reader.next() {
      if reader.field == 1 { name = try reader.string(maximum: 64) }
      if reader.field == 29 { text = try reader.string(maximum: 64) }
    }
    if name == "schema" { facts["chakra_schema"] = text }
  }

  private mutating func keep(_ node: ChakraNode, _ place: SourcePlace) {
    parents[node.id] = node.parent
    if !node.values.isEmpty { readGroups(node.values) }
    guard !node.name.isEmpty else { return coverage.reject(.missingName) }
    let isWork =
      node.kind == ChakraNode.Kind.compute.rawValue || node.isCollective || node.isPointToPoint
    guard let name = events.texts.intern(node.operatorName) else {
      return coverage.reject(.tooManyNames)
    }
    let arguments = ExecutionTraceArguments(
      shapes: node.shapes, types: ExecutionTraceArguments.types(fromPython: node.types))
    let dims = arguments.flatMap { events.texts.intern($0.dims) } ?? -1
    let types = arguments.flatMap { events.texts.intern($0.types) } ?? -1
    if node.isHost == true {
      coverage.recordsUsed += 1
      operations[node.id] = Operation(name: name, dims: dims, types: types, record: node.record)
      return
    }
    guard isWork else { return }
    // A kernel may take less than a microsecond; a node that is not known to be one says nothing.
    guard node.isHost == false || node.microseconds > 0 else { return coverage.reject(.noDuration) }
    let (duration, overflow) = node.microseconds.multipliedReportingOverflow(by: 1000)
    guard !overflow, duration <= UInt64(max(0, options.maximumDuration)), duration < 1 << 60 else {
      return coverage.reject(.durationTooLong)
    }
    coverage.recordsUsed += 1
    events.devices.append(
      TraceEvents.Device(
        start: clock, duration: Int64(duration), correlation: TraceEvents.none, name: name,
        device: -1,
        kind: Self.kind(of: node.name), place: place))
    clock = clock > .max / 4 ? 0 : clock.adding(Int64(duration))
    var kernel = Kernel(
      node: node.id, dims: dims, types: types, inputs: -1, isHostUnknown: node.isHost == nil)
    let ranks =
      groupSizes[node.processGroup] ?? (groupSizes.count == 1 ? groupSizes.first?.value : nil)
    if let communication = ChakraCommunication(node, ranks: ranks ?? 0) {
      let json = communication.json
      kernel.inputs = events.texts.intern(json) ?? -1
      communications[json] = communication
    }
    kernels.append(kernel)
  }

  private static func kind(of name: String) -> TraceEvents.DeviceKind {
    if name.hasPrefix("Memcpy") { return .memcpy }
    return name.hasPrefix("Memset") ? .memset : .kernel
  }

  /// Reads `{"pg_name": "0", …, "group_size": 8, …}` out of the values of PyTorch's list of groups.
  private mutating func readGroups(_ text: String) {
    var rest = Substring(text)
    while groupSizes.count < 4096, let mark = rest.firstRange(of: "\"pg_name\": \"") {
      rest = rest[mark.upperBound...]
      let name = String(rest.prefix { $0 != "\"" && $0 != "\\" })
      guard let size = rest.firstRange(of: "\"group_size\": ") else { return }
      rest = rest[size.upperBound...]
      if let ranks = Int(rest.prefix { $0.isASCII && $0.isNumber }), ranks > 0,
        ranks < SizeLimits.ranks
      {
        groupSizes[name] = ranks
      }
    }
  }

  // MARK: The end

  /// Makes a host event of each operator's call, and says which kernel is whose.
  mutating func assign() -> [KernelAttribution.Owner] {
    let thread = events.number(of: TraceEvents.Thread(process: -1, thread: -1))
    var calls: [Call: Int32] = [:]
    var owners: [KernelAttribution.Owner] = []
    for (index, kernel) in kernels.enumerated() {
      let found = kernel.inputs >= 0 || kernel.isHostUnknown ? nil : ancestor(of: kernel.node)
      let operation =
        found.flatMap { operations[$0] }
        ?? Operation(
          name: events.devices[index].name, dims: kernel.dims, types: kernel.types, record: 0)
      let call =
        operation.record > 0 ? Call.record(operation.record) : Call.node(found ?? kernel.node)
      let host: Int32
      if let known = calls[call] {
        host = known
      } else {
        host = Int32(events.hosts.count)
        calls[call] = host
        events.hosts.append(
          TraceEvents.Host(
            start: 0, duration: 0, correlation: TraceEvents.none, thread: thread,
            name: operation.name, dims: operation.dims, types: operation.types,
            inputs: kernel.inputs, kind: .operator))
      }
      let rule: AttributionRule = operation.dims >= 0 ? .correlation : .withoutShape
      owners.append(.init(rule: rule, host: host))
    }
    return owners
  }

  /// One call of an operator: all pieces with one record, or one node.
  private enum Call: Hashable {
    case record(Int64)
    case node(Int64)
  }

  /// The nearest operator on the host along the control dependencies.
  private func ancestor(of node: Int64) -> Int64? {
    var current = node
    for _ in 0..<16 {
      guard let parent = parents[current], parent >= 0 else { return nil }
      if operations[parent] != nil { return parent }
      current = parent
    }
    return nil
  }
}
