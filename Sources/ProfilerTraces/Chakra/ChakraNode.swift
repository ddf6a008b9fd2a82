import Operators
import TraceIO

/// One node of a Chakra execution trace, as far as it is used.
struct ChakraNode {
  /// A number of the schema's `NodeType`.
  enum Kind: Int64 {
    case metadata = 1
    case compute = 4
    case send = 5
    case receive = 6
    case collective = 7
  }

  var id: Int64 = 0
  var name = ""
  var kind: Int64 = 0
  /// The node that launched it, or encloses it: its first control dependency; -1 for none.
  var parent: Int64 = -1
  var start: Int64 = 0
  var microseconds: UInt64 = 0
  var values = ""
  var shapes = ""
  var types = ""
  /// Whether it ran on the host, where the trace says.
  var isHost: Bool?
  var record: Int64 = 0
  var communication: Int64?
  var bytes: Int64?
  var processGroup = ""

  var isCollective: Bool { kind == Kind.collective.rawValue }
  var isPointToPoint: Bool { kind == Kind.send.rawValue || kind == Kind.receive.rawValue }

  /// The name without the number of the piece: the converter cuts an operator that launches several
  /// kernels into `aten::cat(0)`, `aten::cat(1)` and so on, all with one record id.
  var operatorName: String {
    guard isHost == true, name.hasSuffix(")"), let open = name.lastIndex(of: "("),
      open > name.startIndex
    else { return name }
    let digits = name[name.index(after: open)...].dropLast()
    let isPiece = !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    return isPiece ? String(name[..<open]) : name
  }

  /// Reads a node, whose message is open.
  init(_ reader: inout ProtobufReader) throws(TraceIOError) {
    while try reader.next() {
      switch reader.field {
      case 1: id = reader.integer
      case 2: name = try reader.string(maximum: 4096)
      case 3: kind = reader.integer
      case 4:
        let parents = try reader.integers(maximum: 1)
        if parent < 0, let first = parents.first { parent = first }
      case 6: start = reader.integer
      case 7: microseconds = reader.unsigned
      case 8: if try reader.enter() { try readArguments(&reader) }
      case 10: if try reader.enter() { try readAttribute(&reader) }
      default: break
      }
    }
  }

  private mutating func readArguments(_ reader: inout ProtobufReader) throws(TraceIOError) {
    while try reader.next() {
      switch reader.field {
      // Values matter only where a node lists the groups of processes.
      case 1 where name.contains("process_group:init"):
        values = try reader.string(maximum: 1 << 20)
      case 2: shapes = try reader.string(maximum: 1 << 20)
      case 3: types = try reader.string(maximum: 1 << 20)
      default: break
      }
    }
  }

  private mutating func readAttribute(_ reader: inout ProtobufReader) throws(TraceIOError) {
    var name = ""
    var number: Int64 = 0
    var text = ""
    while try reader.next() {
      switch reader.field {
      case 1: name = try reader.string(maximum: 64)
      case 5, 7, 9, 11, 13, 27: number = reader.integer
      case 29: text = try reader.string(maximum: 256)
      default: break
      }
    }
    switch name {
    case "is_cpu_op": isHost = number != 0
    case "rf_id": record = number
    case "comm_type": communication = number
    case "comm_size": bytes = number
    case "pg_name": processGroup = text
    default: break
    }
  }
}

/// A collective of Chakra's `CollectiveCommType`, or a transfer between two ranks.
struct ChakraCommunication {
  var name: String
  var bytes: Int64
  /// The ranks of the process group; 0 where the trace does not say.
  var ranks: Int

  private static let names = [
    "all_reduce", "reduce", "all_gather", "gather", "scatter", "broadcast", "all_to_all",
    "reduce_scatter", "reduce_scatter", "barrier",
  ]

  /// Nil where the node does not say what was sent.
  init?(_ node: ChakraNode, ranks: Int) {
    guard node.isCollective || node.isPointToPoint, let bytes = node.bytes, bytes >= 0 else {
      return nil
    }
    if node.isPointToPoint {
      name = node.kind == ChakraNode.Kind.send.rawValue ? "send" : "receive"
    } else {
      guard let type = node.communication, Self.names.indices.contains(Int(type)) else {
        return nil
      }
      name = Self.names[Int(type)]
    }
    self.bytes = bytes
    self.ranks = ranks
  }

  /// The collective by its bytes; one that the shared language lacks, or whose ranks are not known,
  /// keeps its name and has its bytes as an attribute, so that sizes do not mix.
  func mapped(dataType: DataType?) -> OperatorMapping.Result {
    let kind: OperatorKind? =
      switch name {
      case "all_reduce": .allReduce
      case "all_gather": .allGather
      case "all_to_all": .allToAll
      case "reduce_scatter": .reduceScatter
      default: nil
      }
    if let kind, ranks > 1 {
      let op = Operator(kind, dataType: dataType, ["ranks": ranks])
      let point = AxisPoint(Int(bytes))
      if SizeLimits.allow(op, at: point) { return .init(operator: op, point: point) }
    }
    var attributes: [String: Int] = ranks > 1 ? ["ranks": ranks] : [:]
    if bytes <= SizeLimits.attribute { attributes["bytes"] = Int(bytes) }
    let op = Operator(.opaque(name), dataType: dataType, attributes)
    return .init(operator: op, point: .none)
  }

  /// What it sent, as a JSON array for the group of its calls.
  var json: String { "[\"\(name)\",\(bytes),\(ranks)]" }
}
