import ProfilerTraces
import TraceIO

/// Builds small Kineto traces.
struct TraceText {
  var events: [String] = []
  var head = "\"schemaVersion\": 1, \"baseTimeNanoseconds\": 1000"

  mutating func op(
    _ name: String, _ start: String, _ duration: String, tid: Int = 7, dims: String? = nil,
    types: String? = nil
  ) {
    var arguments = ["\"External id\": 1"]
    if let dims { arguments.append("\"Input Dims\": \(dims)") }
    if let types { arguments.append("\"Input type\": \(types)") }
    add("cpu_op", name, start, duration, pid: 7, tid: tid, arguments)
  }

  mutating func launch(
    _ name: String, _ start: String, _ correlation: Int, tid: Int = 7, pid: Int = 7,
    kernel: String? = nil, node: Int? = nil
  ) {
    add(
      "cuda_runtime", name, start, "1", pid: pid, tid: tid,
      ["\"correlation\": \(correlation)"] + (kernel.map { ["\"kernel\": \"\($0)\""] } ?? [])
        + (node.map { ["\"graph node id\": \($0)"] } ?? []))
  }

  mutating func annotation(_ name: String, _ start: String, _ duration: String, tid: Int = 7) {
    add("user_annotation", name, start, duration, pid: 7, tid: tid)
  }

  mutating func kernel(
    _ name: String, _ start: String, _ duration: String, _ correlation: Int, pid: Int = 0,
    stream: Int = 3, category: String = "kernel", node: Int? = nil
  ) {
    add(
      category, name, start, duration, pid: pid, tid: stream,
      ["\"External id\": 1", "\"correlation\": \(correlation)"]
        + (node.map { ["\"graph node id\": \($0)"] } ?? []))
  }

  mutating func add(
    _ category: String, _ name: String, _ start: String, _ duration: String, pid: Int, tid: Int,
    _ arguments: [String] = []
  ) {
    events.append(
      """
      {"ph": "X", "cat": "\(category)", "name": "\(name)", "pid": \(pid), "tid": \(tid),
       "ts": \(start), "dur": \(duration), "args": {\(arguments.joined(separator: ", "))}}
      """)
  }

  var text: String { "{\(head), \"traceEvents\": [\(events.joined(separator: ",\n"))]}" }

  func read(_ options: ImportOptions = .standard) throws -> ImportedTrace {
    try KinetoReader.read(bytes: Array(text.utf8), name: "test", options: options)
  }
}

/// A tuple as Python prints it, as compact JSON.
func json(fromPython text: String) -> String {
  if text.isEmpty { return "" }
  var result = ""
  var quote: Character?
  for character in text {
    if let open = quote {
      if character == open {
        quote = nil
        result.append("\"")
      } else {
        result.append(character == "\"" ? "\\\"" : String(character))
      }
      continue
    }
    switch character {
    case "'", "\"":
      quote = character
      result.append("\"")
    case "(": result.append("[")
    case ")":
      if result.hasSuffix(",") { result.removeLast() }
      result.append("]")
    case " ": break
    default: result.append(character)
    }
  }
  return result
}
