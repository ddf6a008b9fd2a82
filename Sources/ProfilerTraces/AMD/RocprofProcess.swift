import TraceIO

/// One process of rocprofv3's JSON while it is read.
struct RocprofProcess {
  /// The number of the process within the file: correlations of different ones are different.
  private let number: Int
  /// A record of any of the lists.
  private struct Record {
    var start: Int64?
    var end: Int64?
    var thread: Int64?
    var correlation = TraceEvents.none
    var stream: Int64?
    var agent: Int64?
    var kernel: Int64?
    var bytes: Int64 = -1
    /// The list of operations that names the record, and its place there.
    var kind: Int64 = -1
    var operation: Int64 = -1
    var place = SourcePlace.unknown
  }

  private var kernels: [Record] = []
  private var copies: [Record] = []
  private var calls: [Record] = []
  private var markers: [Record] = []
  /// Names by the number of the kernel.
  private var symbols: [Int64: Int32] = [:]
  /// The numbers of the texts of ranges by their correlation.
  private var messages: [Int64: Int32] = [:]
  /// The numbers of the names of operations by kind.
  private var operations: [[Int32]] = []
  private var operationCount = 0
  private var agentNames: [Int64: String] = [:]
  private var isFull = false

  private static let members = JSONKeys(["agents", "kernel_symbols", "strings", "buffer_records"])
  private static let lists = JSONKeys(["kernel_dispatch", "memory_copy", "hip_api", "marker_api"])
  private static let fields = JSONKeys([
    "start_timestamp", "end_timestamp", "thread_id", "correlation_id", "stream_id",
    "dispatch_info", "kind", "operation", "dst_agent_id", "agent_id", "kernel_id", "bytes",
  ])

  init(number: Int) { self.number = number }

  // MARK: Reading

  /// Reads the object whose opening bracket is the current token.
  mutating func read(
    _ scanner: inout JSONScanner, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    while try scanner.next() == .key {
      let index = scanner.index(in: Self.members)
      let token = try scanner.next()
      switch (index, token) {
      case (0, .arrayStart): try readAgents(&scanner)
      case (1, .arrayStart): try readSymbols(&scanner, &collector)
      case (2, .objectStart): try readStrings(&scanner, &collector)
      case (3, .objectStart): try readRecords(&scanner, collector.options.maximumEvents)
      default: try scanner.skipValue(of: token)
      }
    }
  }

  private mutating func readAgents(_ scanner: inout JSONScanner) throws(TraceIOError) {
    while try scanner.nextObject() {
      var id: Int64?
      var name: String?
      while try scanner.next() == .key {
        let isID = scanner.tokenIs("id")
        let isName = scanner.tokenIs("product_name")
        if isID {
          id = try Self.handle(&scanner)
        } else {
          let token = try scanner.next()
          if isName, token == .string { name = scanner.string().asFact }
          try scanner.skipValue(of: token)
        }
      }
      if let id, let name, agentNames.count < 4096 { agentNames[id] = name }
    }
  }

  private mutating func readSymbols(
    _ scanner: inout JSONScanner, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    while try scanner.nextObject() {
      var id: Int64?
      var formatted = ""
      var plain = ""
      while try scanner.next() == .key {
        let isID = scanner.tokenIs("kernel_id")
        let isFormatted = scanner.tokenIs("formatted_kernel_name")
        let isPlain = scanner.tokenIs("kernel_name")
        let token = try scanner.next()
        if isID { id = scanner.integer() }
        if isFormatted, token == .string { formatted = scanner.string() }
        if isPlain, token == .string { plain = scanner.string() }
        try scanner.skipValue(of: token)
      }
      guard let id, symbols.count < 1 << 22 else { continue }
      symbols[id] = collector.number(of: formatted.isEmpty ? plain : formatted)
    }
  }

  /// Reads the names of operations and the texts of ranges.
  private mutating func readStrings(
    _ scanner: inout JSONScanner, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    while try scanner.next() == .key {
      let isOperations = scanner.tokenIs("buffer_records")
      let isMessages = scanner.tokenIs("marker_api")
      let token = try scanner.next()
      guard token == .arrayStart, isOperations || isMessages else {
        try scanner.skipValue(of: token)
        continue
      }
      while try scanner.nextObject() {
        if isOperations {
          try readOperations(&scanner, &collector)
        } else {
          try readMessage(&scanner, &collector)
        }
      }
    }
  }

  private mutating func readOperations(
    _ scanner: inout JSONScanner, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var names: [Int32] = []
    while try scanner.next() == .key {
      let isList = scanner.tokenIs("operations")
      let token = try scanner.next()
      guard isList, token == .arrayStart else {
        try scanner.skipValue(of: token)
        continue
      }
      while true {
        let token = try scanner.next()
        if token == .arrayEnd { break }
        if operationCount < 1 << 20 {
          operationCount += 1
          names.append(token == .string ? collector.number(of: scanner.string()) : -1)
        }
        try scanner.skipValue(of: token)
      }
    }
    if operations.count < 1024 { operations.append(names) }
  }

  private mutating func readMessage(
    _ scanner: inout JSONScanner, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var key: Int64?
    var value: Int32?
    while try scanner.next() == .key {
      let isKey = scanner.tokenIs("key")
      let isValue = scanner.tokenIs("value")
      let token = try scanner.next()
      if isKey { key = scanner.integer() }
      if isValue, token == .string { value = collector.number(of: scanner.string()) }
      try scanner.skipValue(of: token)
    }
    if let key, let value, messages.count < 1 << 22 { messages[key] = value }
  }

  private mutating func readRecords(
    _ scanner: inout JSONScanner, _ most: Int
  ) throws(TraceIOError) {
    while try scanner.next() == .key {
      let list = scanner.index(in: Self.lists)
      let token = try scanner.next()
      guard list >= 0, token == .arrayStart else {
        try scanner.skipValue(of: token)
        continue
      }
      while try scanner.nextObject() {
        let record = try Self.readRecord(&scanner)
        guard kernels.count + copies.count + calls.count + markers.count < most else {
          isFull = true
          continue
        }
        switch list {
        case 0: kernels.append(record)
        case 1: copies.append(record)
        case 2: calls.append(record)
        default: markers.append(record)
        }
      }
    }
  }

  private static func readRecord(_ scanner: inout JSONScanner) throws(TraceIOError) -> Record {
    var record = Record()
    let start = scanner.tokenOffset
    try readFields(&scanner, &record)
    record.place = SourcePlace(
      offset: Int64(start), length: Int32(clamping: scanner.offset - start))
    return record
  }

  /// Reads a record, or the object within it that describes its launch.
  private static func readFields(
    _ scanner: inout JSONScanner, _ record: inout Record
  ) throws(TraceIOError) {
    while try scanner.next() == .key {
      let field = scanner.index(in: fields)
      switch field {
      case 3: record.correlation = try handle(&scanner) ?? TraceEvents.none
      case 4: record.stream = try handle(&scanner)
      case 5 where scanner.depth < 16:
        let token = try scanner.next()
        if token == .objectStart {
          try readFields(&scanner, &record)
        } else {
          try scanner.skipValue(of: token)
        }
      case 8, 9: record.agent = try handle(&scanner)
      default:
        let token = try scanner.next()
        let value = field >= 0 ? scanner.integer() : nil
        switch field {
        case 0: record.start = value
        case 1: record.end = value
        case 2: record.thread = value
        case 6: record.kind = value ?? -1
        case 7: record.operation = value ?? -1
        case 10: record.kernel = value
        case 11: record.bytes = value ?? -1
        default: break
        }
        try scanner.skipValue(of: token)
      }
    }
  }

  /// Reads a number that may be wrapped as `{"handle": 4}` or `{"internal": 4, "external": 0}`.
  private static func handle(_ scanner: inout JSONScanner) throws(TraceIOError) -> Int64? {
    let token = try scanner.next()
    guard token == .objectStart else {
      let value = scanner.integer()
      try scanner.skipValue(of: token)
      return value
    }
    var value: Int64?
    while try scanner.next() == .key {
      let isValue = scanner.tokenIs("handle") || scanner.tokenIs("internal")
      let token = try scanner.next()
      if isValue { value = scanner.integer() }
      try scanner.skipValue(of: token)
    }
    return value
  }

  // MARK: Resolving

  /// Hands over what has been read, with its names.
  func resolve(_ collector: inout EventCollector, _ agents: inout [String: String]) {
    let process = collector.number(of: "process \(number)")
    var devices: [Int64?: Int32] = [:]
    for (records, kind) in [(kernels, TraceEvents.DeviceKind.kernel), (copies, .memcpy)] {
      for record in records {
        guard let span = collector.span(record.start, record.end) else { continue }
        let name =
          kind == .kernel
          ? record.kernel.flatMap { symbols[$0] } ?? -1
          : operation(record) ?? collector.number(of: "Memcpy")
        let device = devices[record.agent] ?? collector.number(of: device(record.agent))
        devices[record.agent] = device
        collector.add(
          TraceEvents.Device(
            start: span.start, duration: span.duration, correlation: record.correlation,
            name: name, device: device,
            stream: collector.number(of: record.stream), process: process, kind: kind,
            bytes: record.bytes, place: record.place))
      }
    }
    for record in calls {
      guard collector.correlations.contains(record.correlation) else {
        collector.coverage.recordsRead += 1
        continue
      }
      guard let span = collector.span(record.start, record.end) else { continue }
      collector.addLaunch(
        span, name: operation(record) ?? collector.number(of: "hip"),
        correlation: record.correlation, process: process,
        thread: collector.number(of: record.thread))
    }
    for record in markers {
      guard let number = messages[record.correlation] ?? operation(record) else { continue }
      let text = collector.events.texts[number]
      guard !text.hasPrefix("roctx"), let span = collector.span(record.start, record.end)
      else { continue }
      collector.addRange(
        span, text, process: process, thread: collector.number(of: record.thread))
    }
    for (id, name) in agentNames { agents[device(id)] = name }
    if isFull { collector.overflow() }
  }

  /// The number of the name of a record's operation.
  private func operation(_ record: Record) -> Int32? {
    guard let kind = Int(exactly: record.kind), operations.indices.contains(kind),
      let place = Int(exactly: record.operation), operations[kind].indices.contains(place)
    else { return nil }
    return operations[kind][place]
  }

  private func device(_ agent: Int64?) -> String { "\(number).\(agent ?? -1)" }
}
