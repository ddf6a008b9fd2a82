import Operators
import TraceIO

/// Writes events of Google's Trace Event Format, which ui.perfetto.dev and chrome://tracing read.
///
/// One event a line, streamed; times are exact decimal microseconds, never through a `Double`.
struct TraceEventWriter: ~Copyable {
  /// What an event may carry for the person who selects it.
  enum Argument {
    case integer(Int)
    case text(String)
    /// A duration, shown in microseconds.
    case time(Nanoseconds)
  }

  typealias Arguments = [(name: String, value: Argument)]

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

  /// Names a process, or one of its threads, and says where it stands among its like.
  mutating func name(_ name: String, process: Int, thread: Int? = nil, order: Int)
    throws(OutputError)
  {
    let kind = thread == nil ? "process" : "thread"
    try metadata("\(kind)_name", process, thread) { line in
      line.append(contentsOf: "\"name\":".utf8)
      appendJSONString(name, to: &line)
    }
    try metadata("\(kind)_sort_index", process, thread) { line in
      line.append(contentsOf: "\"sort_index\":\(order)".utf8)
    }
  }

  /// A slice of a track.
  mutating func slice(
    _ name: String, category: String, process: Int, thread: Int, start: Nanoseconds,
    duration: Nanoseconds, _ arguments: Arguments
  ) throws(OutputError) {
    begin("X", name, category, process, thread, start)
    line.append(contentsOf: ",\"dur\":".utf8)
    appendMicroseconds(duration, to: &line)
    append(arguments)
    try end()
  }

  /// Something that happened to a whole process.
  mutating func instant(
    _ name: String, category: String, process: Int, time: Nanoseconds, _ arguments: Arguments
  ) throws(OutputError) {
    begin("i", name, category, process, 0, time)
    line.append(contentsOf: ",\"s\":\"p\"".utf8)
    append(arguments)
    try end()
  }

  /// Values from `time` on; each is a curve of its own.
  mutating func counter(
    _ name: String, process: Int, time: Nanoseconds, _ values: [(name: String, value: Int)]
  ) throws(OutputError) {
    begin("C", name, "counter", process, 0, time)
    append(values.map { ($0.name, .integer($0.value)) })
    try end()
  }

  /// A point of an arrow through the slices that enclose its points.
  enum FlowPoint: String {
    case start = "s"
    case step = "t"
    case end = "f"
  }

  /// A point of the arrow of this number.
  mutating func flow(
    _ point: FlowPoint, number: Int, process: Int, thread: Int, time: Nanoseconds
  ) throws(OutputError) {
    begin(point.rawValue, "request", "flow", process, thread, time)
    line.append(contentsOf: ",\"id\":\(number)".utf8)
    if point == .end { line.append(contentsOf: ",\"bp\":\"e\"".utf8) }
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
    _ name: String, _ process: Int, _ thread: Int?, _ argument: (inout [UInt8]) -> Void
  ) throws(OutputError) {
    separate()
    line.append(contentsOf: "{\"ph\":\"M\",\"name\":\"\(name)\",\"pid\":\(process)".utf8)
    line.append(contentsOf: ",\"tid\":\(thread ?? 0),\"ts\":0,\"args\":{".utf8)
    argument(&line)
    line.append(UInt8(ascii: "}"))
    try end()
  }

  private mutating func separate() {
    line.removeAll(keepingCapacity: true)
    line.append(contentsOf: (isFirst ? "\n" : ",\n").utf8)
    isFirst = false
  }

  private mutating func append(_ arguments: Arguments) {
    line.append(contentsOf: ",\"args\":{".utf8)
    for (index, argument) in arguments.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      appendJSONString(argument.name, to: &line)
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
