import Analytical
import Operators
import TraceIO

/// Gathers the events of a kernel-level source whose times are nanoseconds, and counts what is wrong
/// with them.
struct EventCollector {
  var events = TraceEvents()
  var coverage = Coverage()
  let options: ImportOptions
  /// The correlations of the devices' events: launches with others need not be kept.
  private(set) var correlations: Set<Int64> = []
  /// Whether there are more events than may be kept; the rest is dropped, and ``finish`` fails.
  private(set) var isFull = false
  private var numbers: [Int64: Int32] = [:]

  init(options: ImportOptions) { self.options = options }

  typealias Span = TimeSpan

  /// Notes that the source holds more events than may be kept.
  mutating func overflow() { isFull = true }

  /// The number of a text; -1 for none, or if the table is full.
  mutating func number(of text: String?) -> Int32 {
    guard let text, !text.isEmpty else { return -1 }
    return events.texts.intern(text) ?? -1
  }

  /// The number of the text of a whole number, such as a process; -1 for none.
  mutating func number(of value: Int64?) -> Int32 {
    guard let value else { return -1 }
    if let number = numbers[value] { return number }
    let number = number(of: String(value))
    if numbers.count < 1 << 20 { numbers[value] = number }
    return number
  }

  /// Checks the times of one record.
  mutating func span(_ start: Int64?, _ end: Int64?) -> Span? {
    coverage.recordsRead += 1
    do throws(RejectionReason) {
      return try options.span(start: start, end: end)
    } catch {
      coverage.reject(error)
      return nil
    }
  }

  /// Whether one more event may be kept; counts a record without a name.
  private mutating func admits(name: Int32) -> Bool {
    guard name >= 0 else {
      coverage.reject(events.texts.count < events.texts.capacity ? .missingName : .tooManyNames)
      return false
    }
    guard events.count < options.maximumEvents else {
      isFull = true
      return false
    }
    coverage.recordsUsed += 1
    return true
  }

  /// Adds a range of the program: an operator, or a step of the engine.
  mutating func addRange(_ span: Span, _ text: String?, process: Int32, thread: Int32) {
    guard let text, !text.isEmpty else {
      coverage.reject(.missingName)
      return
    }
    if StepAnnotation.isStep(text) {
      let name = number(of: text)
      guard admits(name: name) else { return }
      events.annotations.append(
        .init(
          start: span.start, duration: span.duration, name: name,
          thread: events.number(of: .init(process: process, thread: thread))))
      return
    }
    let range = RangeText(text)
    addOperator(
      span, name: number(of: range.name), dims: number(of: range.sizes), process: process,
      thread: thread)
  }

  /// Adds an operator of the framework.
  mutating func addOperator(
    _ span: Span, name: Int32, dims: Int32, process: Int32, thread: Int32
  ) {
    guard admits(name: name) else { return }
    events.hosts.append(
      TraceEvents.Host(
        start: span.start, duration: span.duration, correlation: TraceEvents.none,
        thread: events.number(of: .init(process: process, thread: thread)), name: name, dims: dims,
        kind: .operator))
  }

  /// Adds a call of the runtime or driver that launched something on a device.
  mutating func addLaunch(
    _ span: Span, name: Int32, correlation: Int64, process: Int32, thread: Int32
  ) {
    guard admits(name: name) else { return }
    events.hosts.append(
      TraceEvents.Host(
        start: span.start, duration: span.duration, correlation: correlation,
        thread: events.number(of: .init(process: process, thread: thread)), name: name,
        kind: .launch))
  }

  /// Adds what a device did.
  mutating func add(_ device: TraceEvents.Device) {
    guard admits(name: device.name) else { return }
    if device.correlation != TraceEvents.none { correlations.insert(device.correlation) }
    events.devices.append(device)
  }

  /// Gives the kernels to their operators, and makes samples of them.
  ///
  /// - Parameter epoch: What the times count from, in nanoseconds since the epoch.
  consuming func finish(
    _ format: TraceFormat, _ inputs: [InputSummary], epoch: Int64 = 0
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let path = inputs.first?.path ?? ""
    guard !isFull else { throw .tooManyEvents(path: path, limit: options.maximumEvents) }
    try options.check(coverage, path: path)
    guard !events.devices.isEmpty || coverage[.graph].count > 0 else { throw .noEvents(path: path) }
    var trace = ImportedTrace(format: format, inputs: inputs)
    trace.coverage = coverage
    trace.coverage.timing.resolution = 1
    trace.attribute(events, RunContext(epoch: epoch, isOfDevices: true), options)
    trace.takeTypesFromKernels()
    if trace.groups.contains(where: { $0.name.hasPrefix("aten::") }) {
      trace.runtime.framework = "PyTorch"
    }
    return trace
  }

  /// The text of the device that most kernels ran on; of equal ones the first.
  var busiestDevice: String? {
    events.busiestDevice.map { events.texts[$0] }
  }
}
