import TraceIO

/// The type and sizes of an array in XLA; of a tuple those of its first array.
struct HLOShape {
  /// A number of XLA's `PrimitiveType`.
  var type: Int64 = 0
  var sizes: [Int] = []

  /// The element type in PyTorch's words, which the rest of the importer speaks; empty if unknown.
  var typeName: String {
    switch type {
    case 1: "bool"
    case 2: "signed char"
    case 3: "short"
    case 4: "int"
    case 5: "long"
    case 6: "unsigned char"
    case 10: "c10::Half"
    case 11: "float"
    case 12: "double"
    case 16: "c10::BFloat16"
    case 19: "c10::Float8_e5m2"
    case 20: "c10::Float8_e4m3fn"
    case 24: "c10::Float8_e5m2fnuz"
    case 25: "c10::Float8_e4m3fnuz"
    default: ""
    }
  }

  /// The sizes as compact JSON.
  var json: String { "[" + sizes.map(String.init).joined(separator: ",") + "]" }
}

/// One instruction of a compiled XLA module.
struct HLOInstruction {
  var name = ""
  var opcode = ""
  var shape = HLOShape()
  var id: Int64 = 0
  var operands: [Int64] = []
  /// Whether it has more operands than are kept.
  var isCut = false
  /// The library function of a custom call, such as `__cublas$gemm`.
  var target = ""
  /// The devices of one group of a collective; 0 where it names none.
  var ranks = 0
  /// The computations that it calls; of a fusion, what was fused.
  var called: [Int64] = []

  /// What it takes of ``HLOModule/room``.
  fileprivate var size: Int { 1 + operands.count + called.count + shape.sizes.count }
}

/// The instructions of a compiled XLA module, as the profile holds them in `Hlo Proto`.
///
/// Of `hlo.proto` and `xla_data.proto` only names, operation codes, shapes, operands, called
/// computations and custom call targets are read.
struct HLOModule {
  private(set) var name = ""
  private var instructions: [Int64: HLOInstruction] = [:]
  private var numbers: [String: Int64] = [:]
  /// The matrix products within each computation.
  private var dots: [Int64: [Int64]] = [:]

  /// The instruction with this name.
  subscript(name: String) -> HLOInstruction? { numbers[name].flatMap { instructions[$0] } }

  /// The shapes of an instruction's operands; nil where one of them is not known.
  func operands(of instruction: HLOInstruction) -> [HLOShape]? {
    guard !instruction.isCut else { return nil }
    let shapes = instruction.operands.compactMap { instructions[$0]?.shape }
    return shapes.count == instruction.operands.count ? shapes : nil
  }

  /// The matrix product that an instruction is, or is a fusion around, if it is one.
  func product(of instruction: HLOInstruction) -> HLOInstruction? {
    if instruction.opcode == "dot" { return instruction }
    if instruction.opcode == "custom-call", instruction.target.hasPrefix("__cublas$") {
      return instruction
    }
    guard instruction.opcode == "fusion" else { return nil }
    let inner = instruction.called.flatMap { dots[$0] ?? [] }
    return inner.count == 1 ? instructions[inner[0]] : nil
  }
}

extension HLOModule {
  /// The room for the instructions of all modules of a profile together: each takes one, and one
  /// more for each operand, dimension and called computation.
  static let room = 1 << 22
  /// The most operands that are kept of an instruction.
  private static let maximumOperands = 256
  /// The most dimensions of an array; XLA itself has no use for more.
  private static let maximumDimensions = 16
  /// The most devices that a group lists.
  private static let maximumRanks = 4096
  /// The longest name, in bytes.
  private static let longestName = 512

  /// Reads an `HloProto`, which the reader has entered.
  ///
  /// - Parameter room: what is left of ``room``; what no longer fits is passed over, so that its
  ///   operators only lack their shapes.
  init(proto reader: inout ProtobufReader, room: inout Int) throws(TraceIOError) {
    while try reader.next() {
      guard reader.field == 1, try reader.enter() else { continue }
      while try reader.next() {
        switch reader.field {
        case 1: name = try reader.string(maximum: Self.longestName)
        case 3: if try reader.enter() { try readComputation(&reader, &room) }
        default: break
        }
      }
    }
  }

  private mutating func readComputation(
    _ reader: inout ProtobufReader, _ room: inout Int
  ) throws(TraceIOError) {
    var products: [Int64] = []
    var id: Int64?
    while try reader.next() {
      switch reader.field {
      case 2:
        guard try reader.enter() else { continue }
        guard let instruction = try Self.instruction(&reader) else { continue }
        room -= instruction.size
        guard room >= 0 else { continue }
        if instruction.opcode == "dot" { products.append(instruction.id) }
        numbers[instruction.name] = instruction.id
        instructions[instruction.id] = instruction
      case 5: id = reader.integer
      default: break
      }
    }
    if let id, !products.isEmpty { dots[id] = products }
  }

  /// Reads an instruction; nil where its shape is none.
  private static func instruction(
    _ reader: inout ProtobufReader
  ) throws(TraceIOError) -> HLOInstruction? {
    var result = HLOInstruction()
    var isSound = true
    while try reader.next() {
      switch reader.field {
      case 1: result.name = try reader.string(maximum: longestName)
      case 2: result.opcode = try reader.string(maximum: 256)
      case 3:
        guard try reader.enter() else { continue }
        let shape = try shape(&reader)
        isSound = shape.sizes.count <= maximumDimensions
        result.shape = shape
      case 28: result.target = try reader.string(maximum: longestName)
      case 35: result.id = reader.integer
      case 36: try append(to: &result.operands, &reader, maximumOperands + 1)
      case 38: try append(to: &result.called, &reader, maximumOperands)
      case 49: if try reader.enter() { try readGroup(&reader, &result.ranks) }
      case 87: if try reader.enter() { try readDevices(&reader, &result.ranks) }
      default: break
      }
    }
    result.isCut = result.operands.count > maximumOperands
    return isSound ? result : nil
  }

  /// Reads a `ReplicaGroup`, of which all have one size, or an `IotaReplicaGroupList`.
  private static func readGroup(
    _ reader: inout ProtobufReader, _ ranks: inout Int
  ) throws(TraceIOError) {
    var members = 0
    while try reader.next() {
      if reader.field == 1 { members += try reader.integers(maximum: maximumRanks).count }
    }
    if ranks == 0 { ranks = members }
  }

  /// Reads a `CollectiveDeviceList`: groups one by one, or as a rule.
  private static func readDevices(
    _ reader: inout ProtobufReader, _ ranks: inout Int
  ) throws(TraceIOError) {
    while try reader.next() {
      guard reader.field <= 2, try reader.enter() else { continue }
      guard reader.field == 2 else {
        try readGroup(&reader, &ranks)
        continue
      }
      while try reader.next() {
        if reader.field == 2 { ranks = Int(reader.integer) }
      }
    }
  }

  private static func append(
    to list: inout [Int64], _ reader: inout ProtobufReader, _ most: Int
  ) throws(TraceIOError) {
    list += try reader.integers(maximum: max(0, most - list.count))
  }

  /// Reads a `ShapeProto`, of too many dimensions one too many; nested tuples are as deep as the
  /// reader allows.
  private static func shape(_ reader: inout ProtobufReader) throws(TraceIOError) -> HLOShape {
    var result = HLOShape()
    var sizes: [Int64] = []
    var first: HLOShape?
    while try reader.next() {
      switch reader.field {
      case 2: result.type = reader.integer
      case 3: try append(to: &sizes, &reader, maximumDimensions + 1)
      case 4:
        guard first == nil, try reader.enter() else { continue }
        first = try shape(&reader)
      default: break
      }
    }
    result.sizes = sizes.map { Int($0) }
    return first ?? result
  }
}
