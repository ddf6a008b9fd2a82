import Operators
import TraceIO

/// Writes events of Google's Trace Event Format, which ui.perfetto.dev and chrome://tracing read.
///
/// One event a line, streamed; times are exact decimal microseconds, never through a `Double`.
struct TraceEventWriter: ~Copyable, TimelineWriter {
  private var file: OutputFile
  private var line: [UInt8] = []
  private var isFirst = true

  /// Begins the file; `description` is what the whole trace is.
  init(path: String, description: String) throws(OutputError) {
    var begun = try OutputFile(path: path)
    line.append(contentsOf: #"{"displayTimeUnit":"ms","otherData":{"description":"#.utf8)
    appendJSONString(description, to: &line)
    line.append(contentsOf: "},\n\"traceEvents\":[".utf8)
    try begun.write(line)
    file = begun
  }

  /// Ends the file and gives it its name.
  mutating func commit() throws(OutputError) {
    try file.write("\n]}\n")
    try file.commit()
  }

  mutating func name(_ name: String, process: Int, order: Int) throws(OutputError) {
    try self.name(name, "process", process, 0, order)
  }

  mutating func name(_ name: String, track: TimelineTrack, order: Int) throws(OutputError) {
    try self.name(name, "thread", track.process, track.number, order)
  }

  private mutating func name(
    _ name: String, _ kind: String, _ process: Int, _ thread: Int, _ order: Int
  ) throws(OutputError) {
    try metadata("\(kind)_name", process, thread) { line in
      line.append(contentsOf: "\"name\":".utf8)
      appendJSONString(name, to: &line)
    }
    try metadata("\(kind)_sort_index", process, thread) { line in
      line.append(contentsOf: "\"sort_index\":\(order)".utf8)
    }
  }

  mutating func draw(_ slice: TimelineSlice) throws(OutputError) {
    let (process, thread) = (slice.track.process, slice.track.number)
    try complete(
      slice.name, slice.category, process, thread, slice.start, slice.duration, slice.arguments)
    for part in slice.parts {
      try complete(
        part.name, slice.category, process, thread, part.start, part.duration, part.arguments)
    }
    // Arrows hold to the innermost slice that is there at their time.
    for flow in slice.flows { try arrow(flow, process, thread, slice.start) }
  }

  private mutating func complete(
    _ name: String, _ category: String, _ process: Int, _ thread: Int, _ start: Nanoseconds,
    _ duration: Nanoseconds, _ arguments: [TimelineArgument]
  ) throws(OutputError) {
    begin("X", name, category, process, thread, start)
    line.append(contentsOf: ",\"dur\":".utf8)
    appendMicroseconds(duration, to: &line)
    append(arguments)
    try end()
  }

  mutating func mark(
    _ name: String, process: Int, time: Nanoseconds, _ arguments: [TimelineArgument]
  ) throws(OutputError) {
    begin("i", name, "request", process, 0, time)
    line.append(contentsOf: ",\"s\":\"p\"".utf8)
    append(arguments)
    try end()
  }

  mutating func count(
    _ name: String, process: Int, time: Nanoseconds, _ values: [(name: String, value: Int)]
  ) throws(OutputError) {
    begin("C", name, "counter", process, 0, time)
    append(values.map { TimelineArgument($0.name, .integer($0.value)) })
    try end()
  }

  private mutating func arrow(
    _ flow: TimelineFlow, _ process: Int, _ thread: Int, _ time: Nanoseconds
  ) throws(OutputError) {
    let phase =
      switch flow.point {
      case .start: "s"
      case .step: "t"
      case .end: "f"
      }
    begin(phase, "request", "flow", process, thread, time)
    line.append(contentsOf: ",\"id\":\(flow.number)".utf8)
    if flow.point == .end { line.append(contentsOf: ",\"bp\":\"e\"".utf8) }
    try end()
  }

  private mutating func begin(
    _ phase: String, _ name: String, _ category: String, _ process: Int, _ thread: Int,
    _ time: Nanoseconds
  ) {
    separate()
    line.append(contentsOf: "{\"ph\":\"\(phase)\",\"cat\":\"\(category)\",\"name\":".utf8)
    appendJSONString(name, to: &line)
    line.append(contentsOf: ",\"pid\":\(process),\"tid\":\(thread),\"ts\":".utf8)
    appendMicroseconds(time, to: &line)
  }

  private mutating func metadata(
    _ name: String, _ process: Int, _ thread: Int, _ argument: (inout [UInt8]) -> Void
  ) throws(OutputError) {
    separate()
    line.append(contentsOf: "{\"ph\":\"M\",\"name\":\"\(name)\",\"pid\":\(process)".utf8)
    line.append(contentsOf: ",\"tid\":\(thread),\"ts\":0,\"args\":{".utf8)
    argument(&line)
    line.append(UInt8(ascii: "}"))
    try end()
  }

  private mutating func separate() {
    line.removeAll(keepingCapacity: true)
    line.append(contentsOf: (isFirst ? "\n" : ",\n").utf8)
    isFirst = false
  }

  private mutating func append(_ arguments: [TimelineArgument]) {
    guard !arguments.isEmpty else { return }
    line.append(contentsOf: ",\"args\":{".utf8)
    for (index, argument) in arguments.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      var name = argument.name
      if case .time = argument.value { name += "_us" }
      appendJSONString(name, to: &line)
      line.append(UInt8(ascii: ":"))
      switch argument.value {
      case .integer(let value): line.append(contentsOf: String(value).utf8)
      case .text(let value): appendJSONString(value, to: &line)
      case .time(let value): appendMicroseconds(value, to: &line)
      }
    }
    line.append(UInt8(ascii: "}"))
  }

  private mutating func end() throws(OutputError) {
    line.append(UInt8(ascii: "}"))
    try file.write(line)
  }
}
