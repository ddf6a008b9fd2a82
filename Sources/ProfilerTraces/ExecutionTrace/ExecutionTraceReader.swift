import TraceIO

/// The operators of a PyTorch execution trace by their record ids: names and shapes, no durations.
///
/// Read are the schemas from 1.0 (arguments as `inputs{values, shapes, types}`, `rf_id` among the
/// attributes) and the ones before (`input_shapes`, `input_types` and `rf_id` in the node itself).
struct ExecutionTraceReader {
  /// An operator by the numbers of its texts.
  struct Operation {
    var name: Int32
    var dims: Int32
    var types: Int32
  }

  private(set) var texts = ByteStringTable()
  private(set) var operations: [Int64: Operation] = [:]
  private(set) var nodes = 0
  private let limit: Int

  private static let fields = JSONKeys([
    "name", "inputs", "attrs", "input_shapes", "input_types", "rf_id",
  ])

  /// The node that is read.
  private struct Node {
    var name = ""
    var record: Int64 = 0
    var shapes = ""
    var types: [String] = []
  }

  /// Reads a file.
  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> (trace: Self, input: InputSummary) {
    var trace = Self(limit: options.maximumEvents)
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(path: path, limits: options.inputLimits))
      guard try scanner.next() == .objectStart else {
        throw TraceIOError(.syntax, path: path, at: .whole, "not an execution trace")
      }
      while try scanner.next() == .key {
        let isNodes = scanner.tokenIs("nodes")
        let token = try scanner.next()
        if isNodes, token == .arrayStart {
          try trace.readNodes(&scanner)
        } else {
          try scanner.skipValue(of: token)
        }
      }
      _ = try scanner.next()
      let input = try scanner.finish()
      guard trace.nodes > 0 else { throw TraceIOError(.syntax, path: path, at: .whole, "no nodes") }
      return (trace, input)
    } catch {
      throw .input(error)
    }
  }

  private init(limit: Int) { self.limit = limit }

  private mutating func readNodes(_ scanner: inout JSONScanner) throws(TraceIOError) {
    while try scanner.nextObject() {
      nodes += 1
      var node = Node()
      while try scanner.next() == .key { try Self.readMember(&scanner, &node) }
      keep(node)
    }
  }

  private static func readMember(
    _ scanner: inout JSONScanner, _ node: inout Node
  ) throws(TraceIOError) {
    switch scanner.index(in: fields) {
    case 0:
      let token = try scanner.next()
      if token == .string { node.name = scanner.string() }
      try scanner.skipValue(of: token)
    case 1:
      let token = try scanner.next()
      guard token == .objectStart else { return try scanner.skipValue(of: token) }
      while try scanner.next() == .key {
        if scanner.tokenIs("shapes") {
          try readShapes(&scanner, &node)
        } else if scanner.tokenIs("types") {
          node.types = try texts(&scanner)
        } else {
          try scanner.skipValue(of: .key)
        }
      }
    case 2: try readAttributes(&scanner, &node)
    case 3: try readShapes(&scanner, &node)
    case 4: node.types = try texts(&scanner)
    case 5:
      let token = try scanner.next()
      node.record = scanner.integer() ?? 0
      try scanner.skipValue(of: token)
    default: try scanner.skipValue(of: .key)
    }
  }

  private static func readShapes(
    _ scanner: inout JSONScanner, _ node: inout Node
  ) throws(TraceIOError) {
    guard try scanner.captureValue() == .arrayStart, !scanner.tokenIsTruncated else { return }
    node.shapes = scanner.string()
  }

  private static func texts(_ scanner: inout JSONScanner) throws(TraceIOError) -> [String] {
    let first = try scanner.next()
    guard first == .arrayStart else {
      try scanner.skipValue(of: first)
      return []
    }
    var result: [String] = []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return result }
      if result.count < 4096 { result.append(token == .string ? scanner.string() : "") }
      try scanner.skipValue(of: token)
    }
  }

  /// Finds `rf_id` among `[{"name": …, "type": …, "value": …}, …]`.
  private static func readAttributes(
    _ scanner: inout JSONScanner, _ node: inout Node
  ) throws(TraceIOError) {
    let first = try scanner.next()
    guard first == .arrayStart else { return try scanner.skipValue(of: first) }
    while try scanner.nextObject() {
      var isRecord = false
      var value: Int64?
      while try scanner.next() == .key {
        let isName = scanner.tokenIs("name")
        let isValue = scanner.tokenIs("value")
        let token = try scanner.next()
        if isName { isRecord = scanner.tokenIs("rf_id") }
        if isValue { value = scanner.integer() }
        try scanner.skipValue(of: token)
      }
      if isRecord, let value { node.record = value }
    }
  }

  /// Keeps the first operator of each record id.
  private mutating func keep(_ node: Node) {
    guard node.record > 0, operations[node.record] == nil, operations.count < limit,
      let name = texts.intern(node.name)
    else { return }
    let arguments = ExecutionTraceArguments(shapes: node.shapes, types: node.types)
    operations[node.record] = Operation(
      name: name, dims: arguments.flatMap { texts.intern($0.dims) } ?? -1,
      types: arguments.flatMap { texts.intern($0.types) } ?? -1)
  }
}
