import TraceIO

/// Reads one event after the other into ``TraceEvents``, and counts what is wrong with them.
struct KinetoEventParser {
  var events = TraceEvents()
  var metadata = KinetoMetadata()
  var coverage = Coverage()
  /// Begins that wait for their ends.
  var pairs = KinetoPairs()
  /// Arrows from launches to what they launched, for traces without correlations.
  var flows = KinetoFlows()
  let options: ImportOptions

  enum Category {
    case unknown, skipped, host, launch, kernel, memcpy, memset, annotation, flow
  }

  private static let fields = JSONKeys([
    "ph", "cat", "name", "pid", "tid", "ts", "dur", "args", "id",
  ])
  private static let ownArguments = [
    "correlation", "Input Dims", "Input type", "Input Strides", "Concrete Inputs", "Input dims",
    "bytes", "kernel", "graph node id",
  ]
  private static let arguments = JSONKeys(ownArguments + collectiveArguments)
  /// The same and the record ids, looked for only where an execution trace is to be joined.
  private static let argumentsWithRecord = JSONKeys(
    ownArguments + collectiveArguments + ["Record function id", "External id", "external id"])
  private static let recordStart = ownArguments.count + collectiveArguments.count
  private static let categories = JSONKeys([
    "cpu_op", "cuda_runtime", "kernel", "cuda_driver", "gpu_memcpy", "gpu_memset",
    "user_annotation", "Operator", "Runtime", "Kernel", "Memcpy", "Memset", "xpu_runtime",
    "xpu_driver", "mtia_runtime", "privateuse1_runtime", "privateuse1_driver", "mtia_ccp_events",
    "ac2g", "async_cpu_to_gpu", "async",
  ])
  private static let categoryKinds: [Category] = [
    .host, .launch, .kernel, .launch, .memcpy, .memset, .annotation, .host, .launch, .kernel,
    .memcpy, .memset, .launch, .launch, .launch, .launch, .launch, .kernel,
    .flow, .flow, .flow,
  ]

  /// The fields of the event that is being read.
  struct Fields {
    var phase: UInt8 = 0
    var category = Category.unknown
    var name: Int32 = -1
    var process: Int32 = -1
    var thread: Int32 = -1
    var start: Int64?
    var duration: Int64?
    var hasDuration = false
    var correlation = TraceEvents.none
    var dims: Int32 = -1
    var types: Int32 = -1
    var strides: Int32 = -1
    var inputs: Int32 = -1
    var kernel: Int32 = -1
    var graphNode: Int64 = 0
    /// The bytes of a copy or fill, or -1.
    var bytes: Int64 = -1
    /// The number of an arrow, as ``correlation``.
    var flow = TraceEvents.none
    /// What the event says about a collective, if it does.
    var collective: CollectiveMetadata?
    var record: Int64 = 0
    var isTableFull = false
    /// The first byte of the event in the text, and how many there are.
    var place = SourcePlace.unknown
  }

  init(options: ImportOptions) { self.options = options }

  /// Reads the events of an array whose opening bracket is the current token; behind damage, goes
  /// on with the next event.
  mutating func readEvents(_ scanner: inout JSONScanner) throws(ProfilerTraceError) {
    let level = scanner.level
    while true {
      do throws(TraceIOError) {
        if try readSoundEvents(&scanner) { return }
      } catch {
        try skipDamage(error, &scanner, to: level)
        continue
      }
      throw .tooManyEvents(path: scanner.path, limit: options.maximumEvents)
    }
  }

  /// Reads events up to the end of their array.
  ///
  /// - Returns: Whether it has come; if not, there are too many events.
  private mutating func readSoundEvents(
    _ scanner: inout JSONScanner
  ) throws(TraceIOError) -> Bool {
    while true {
      switch try scanner.next() {
      case .objectStart: try readEvent(&scanner)
      case .arrayEnd: return true
      case .arrayStart:
        reject(.notAnObject)
        try scanner.skipValue(of: .arrayStart)
      default: reject(.notAnObject)
      }
      if events.count + pairs.count + flows.count > options.maximumEvents { return false }
    }
  }

  private mutating func reject(_ reason: RejectionReason) {
    coverage.recordsRead += 1
    coverage.reject(reason)
  }

  /// Reads the event whose opening bracket is the current token.
  private mutating func readEvent(_ scanner: inout JSONScanner) throws(TraceIOError) {
    var fields = Fields()
    let start = scanner.tokenOffset
    while let field = try scanner.nextKey(in: Self.fields) {
      switch field {
      case 0:
        _ = try scanner.next()
        fields.phase = scanner.withToken { $0.count == 1 ? $0[0] : 0 }
        if isPointless(fields.phase) { return try skipRest(&scanner) }
      case 1:
        _ = try scanner.next()
        let index = scanner.index(in: Self.categories)
        fields.category = index < 0 ? .skipped : Self.categoryKinds[index]
        if index >= 7, index <= 11 { metadata.hasCategoriesOf2021 = true }
        if fields.category == .skipped, !Self.isPart(fields.phase) { return try skipRest(&scanner) }
      case 2: fields.name = try text(&scanner, &fields)
      case 3: fields.process = try text(&scanner, &fields)
      case 4: fields.thread = try text(&scanner, &fields)
      case 5: fields.start = try time(&scanner)
      case 6:
        fields.hasDuration = true
        fields.duration = try time(&scanner)
      case 7: try readArguments(&scanner, &fields)
      case 8:
        let token = try scanner.next()
        fields.flow = scanner.integer() ?? TraceEvents.none
        try scanner.skipValue(of: token)
      default: try skipMember(&scanner)
      }
    }
    coverage.recordsRead += 1
    fields.place = SourcePlace(
      offset: Int64(start), length: Int32(clamping: scanner.offset - start))
    keep(fields)
  }

  /// Metadata, instants and counters carry nothing that is needed; arrows do where launches have no
  /// correlation.
  private func isPointless(_ phase: UInt8) -> Bool {
    switch phase {
    case UInt8(ascii: "X"), UInt8(ascii: "B"), UInt8(ascii: "E"): false
    case UInt8(ascii: "s"), UInt8(ascii: "f"): !flows.areNeeded
    default: true
    }
  }

  /// Whether an event is the begin or the end of one.
  static func isPart(_ phase: UInt8) -> Bool {
    phase == UInt8(ascii: "B") || phase == UInt8(ascii: "E")
  }

  private mutating func skipRest(_ scanner: inout JSONScanner) throws(TraceIOError) {
    coverage.recordsRead += 1
    try scanner.skipValue(of: .objectStart)
  }

  mutating func skipMember(_ scanner: inout JSONScanner) throws(TraceIOError) {
    let token = try scanner.next()
    if token == .invalidLiteral { coverage.ignoredLiterals += 1 }
    try scanner.skipValue(of: token)
  }

  private mutating func readArguments(
    _ scanner: inout JSONScanner, _ fields: inout Fields
  ) throws(TraceIOError) {
    let token = try scanner.next()
    guard token == .objectStart, fields.category != .annotation else {
      if token == .invalidLiteral { coverage.ignoredLiterals += 1 }
      return try scanner.skipValue(of: token)
    }
    let keys = options.shapes == nil ? Self.arguments : Self.argumentsWithRecord
    while let argument = try scanner.nextKey(in: keys) {
      switch argument {
      case 0:
        let token = try scanner.next()
        fields.correlation = scanner.integer() ?? TraceEvents.none
        try scanner.skipValue(of: token)
      case 1, 5: fields.dims = try capture(&scanner, &fields)
      case 2: fields.types = try capture(&scanner, &fields)
      case 3: fields.strides = try capture(&scanner, &fields)
      case 4: fields.inputs = try capture(&scanner, &fields)
      case 6:
        let token = try scanner.next()
        fields.bytes = scanner.integer() ?? -1
        try scanner.skipValue(of: token)
      case 7 where fields.category == .launch: fields.kernel = try text(&scanner, &fields)
      case 8:
        let token = try scanner.next()
        fields.graphNode = scanner.integer() ?? 0
        try scanner.skipValue(of: token)
      case Self.recordStart...: try readRecord(&scanner, &fields)
      case Self.ownArguments.count...:
        try readCollective(argument - Self.ownArguments.count, &scanner, &fields)
      default: try skipMember(&scanner)
      }
    }
  }

  /// Reads `Record function id`, or as its stand-in the negative of `External id`.
  private func readRecord(
    _ scanner: inout JSONScanner, _ fields: inout Fields
  ) throws(TraceIOError) {
    let isRecord = scanner.tokenIs("Record function id")
    let token = try scanner.next()
    let number = scanner.integer().flatMap { $0 > 0 ? $0 : nil } ?? 0
    if isRecord ? number > 0 : fields.record <= 0 { fields.record = isRecord ? number : -number }
    try scanner.skipValue(of: token)
  }

  mutating func text(
    _ scanner: inout JSONScanner, _ fields: inout Fields
  ) throws(TraceIOError) -> Int32 {
    let token = try scanner.next()
    guard token == .string || token == .number else {
      try scanner.skipValue(of: token)
      return -1
    }
    if scanner.tokenHasEscapes { return intern(scanner.string(), &fields) }
    if let number = events.texts.intern(tokenOf: scanner) { return number }
    fields.isTableFull = true
    return -1
  }

  private mutating func capture(
    _ scanner: inout JSONScanner, _ fields: inout Fields
  ) throws(TraceIOError) -> Int32 {
    guard try scanner.captureValue() == .arrayStart, !scanner.tokenIsTruncated else { return -1 }
    if let number = events.texts.intern(tokenOf: scanner) { return number }
    fields.isTableFull = true
    return -1
  }

  private mutating func intern(_ string: String, _ fields: inout Fields) -> Int32 {
    if let number = events.texts.intern(string) { return number }
    fields.isTableFull = true
    return -1
  }

  /// Reads microseconds as whole nanoseconds; nil for what is not a number or does not fit.
  private mutating func time(_ scanner: inout JSONScanner) throws(TraceIOError) -> Int64? {
    let token = try scanner.next()
    guard token == .number || token == .string else {
      try scanner.skipValue(of: token)
      return nil
    }
    if !metadata.hasFractions {
      metadata.hasFractions = scanner.withToken { bytes in
        for index in bytes.indices where bytes[index] == UInt8(ascii: ".") { return true }
        return false
      }
    }
    return scanner.fixedPoint(decimals: 3).value
  }

  mutating func keep(_ fields: Fields) {
    if Self.isPart(fields.phase) { return keepPart(fields) }
    if fields.category == .flow { return keepFlow(fields) }
    guard fields.category != .unknown, fields.category != .skipped else { return }
    guard fields.phase == UInt8(ascii: "X") else {
      coverage.reject(.missingField)
      return
    }
    let span: TimeSpan
    do throws(RejectionReason) {
      span = try options.span(start: fields.start, duration: fields.duration)
    } catch {
      return coverage.reject(error)
    }
    guard !fields.isTableFull else { return coverage.reject(.tooManyNames) }
    guard fields.name >= 0 else { return coverage.reject(.missingName) }
    coverage.recordsUsed += 1
    switch fields.category {
    case .host, .launch: keepHost(fields, span)
    case .kernel, .memcpy, .memset: keepDevice(fields, span)
    default:
      let thread = TraceEvents.Thread(process: fields.process, thread: fields.thread)
      events.annotations.append(
        TraceEvents.Annotation(
          start: span.start, duration: span.duration, name: fields.name,
          thread: events.number(of: thread)))
    }
  }

  private mutating func keepHost(_ fields: Fields, _ span: TimeSpan) {
    let thread = TraceEvents.Thread(process: fields.process, thread: fields.thread)
    if let collective = fields.collective {
      events.collectives.hosts[Int32(events.hosts.count)] = collective
    }
    if fields.category == .launch, fields.correlation == TraceEvents.none { flows.areNeeded = true }
    events.hosts.append(
      TraceEvents.Host(
        start: span.start, duration: span.duration, correlation: fields.correlation,
        graphNode: fields.graphNode, record: fields.record, thread: events.number(of: thread),
        name: fields.name, dims: fields.dims, types: fields.types, strides: fields.strides,
        inputs: fields.inputs, kernel: fields.kernel,
        kind: fields.category == .host ? .operator : .launch))
  }

  private mutating func keepDevice(_ fields: Fields, _ span: TimeSpan) {
    let kind: TraceEvents.DeviceKind =
      switch fields.category {
      case .memcpy: .memcpy
      case .memset: .memset
      default: .kernel
      }
    if let collective = fields.collective {
      events.collectives.devices[Int32(events.devices.count)] = collective
    }
    if fields.correlation == TraceEvents.none { flows.areNeeded = true }
    events.devices.append(
      TraceEvents.Device(
        start: span.start, duration: span.duration, correlation: fields.correlation,
        name: fields.name, device: fields.process, stream: fields.thread, kind: kind,
        graphNode: fields.graphNode, bytes: fields.bytes, place: fields.place))
  }
}
