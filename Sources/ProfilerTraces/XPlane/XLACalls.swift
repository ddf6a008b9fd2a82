import Operators
import TraceIO

/// The calls of XLA's operators, put together from the kernels that name them.
struct XLACalls {
  /// An operator of one module by its number, as a group of calls names it.
  private struct Key: Hashable {
    var name: String
    var module: String
    var dims: String
  }

  /// What the compiled module says of an operator, as numbers of texts.
  private struct Arguments {
    var dims: Int32 = -1
    var types: Int32 = -1
    var inputs: Int32 = -1
  }

  /// The longest text of the shapes of one operator; its kernels are else without shapes.
  private static let longestShapes = 64 << 10

  /// The kernels, and a host event for each call.
  private(set) var events: TraceEvents
  /// For each kernel its call.
  private(set) var owners: [KernelAttribution.Owner]
  /// The operators that the shared language knows.
  private var known: [Key: OperatorMapping.Result] = [:]
  private var arguments: [XPlaneParser.Origin: Arguments] = [:]

  /// - Complexity: O(*n* log *n*) in the number of kernels.
  init(_ parser: XPlaneParser) {
    events = parser.events
    let devices = events.devices
    owners = [KernelAttribution.Owner](
      repeating: .init(rule: .noOperator, host: -1), count: devices.count)
    let thread = events.number(of: TraceEvents.Thread(process: -1, thread: -1))
    let order = devices.indices.sorted { left, right in
      let (a, b) = (devices[left], devices[right])
      return (a.device, a.stream, a.start, left) < (b.device, b.stream, b.start, right)
    }
    var previous: Int?
    var first: Int32 = -1
    for index in order {
      let (device, origin) = (devices[index], parser.origins[index])
      guard origin.op >= 0 else {
        previous = nil
        continue
      }
      let continues =
        previous.map { last in
          parser.origins[last] == origin && devices[last].device == device.device
            && devices[last].stream == device.stream && device.name != first
        } ?? false
      if !continues {
        first = device.name
        let call = arguments(of: origin, parser)
        events.hosts.append(
          TraceEvents.Host(
            start: device.start, duration: 0, correlation: TraceEvents.none, thread: thread,
            name: origin.op, dims: call.dims, types: call.types, inputs: call.inputs,
            kind: .operator))
      }
      let host = events.hosts.count - 1
      owners[index] = .init(
        rule: events.hosts[host].dims >= 0 ? .correlation : .withoutShape, host: Int32(host))
      previous = index
    }
  }

  private mutating func arguments(
    of origin: XPlaneParser.Origin, _ parser: XPlaneParser
  ) -> Arguments {
    if let known = arguments[origin] { return known }
    var result = Arguments()
    let name = events.texts[origin.op]
    let moduleName = events.texts[origin.module]
    let module = parser.modules[origin.program]
    let instruction = module?[name]
    let inputs = Self.json([moduleName, instruction?.opcode ?? "", instruction?.target ?? ""])
    result.inputs = events.texts.intern(inputs) ?? -1
    if let module, let instruction, let operands = module.operands(of: instruction) {
      let dims = "[" + operands.map(\.json).joined(separator: ",") + "]"
      guard dims.utf8.count <= Self.longestShapes else {
        arguments[origin] = result
        return result
      }
      result.dims = events.texts.intern(dims) ?? -1
      result.types = events.texts.intern(Self.json(operands.map(\.typeName))) ?? -1
      let product = module.product(of: instruction)
      if let mapped = product.flatMap({ HLOMapping.product($0, in: module) })
        ?? HLOMapping.allReduce(instruction, in: module)
      {
        known[Key(name: name, module: inputs, dims: dims)] = mapped
      }
    }
    arguments[origin] = result
    return result
  }

  /// The sample of a group in the shared language.
  func translate(_ group: OperatorGroup, _ sample: OperatorSample) -> OperatorSample {
    var sample = sample
    let key = Key(name: group.name, module: group.concreteInputs, dims: group.inputDims)
    if let mapped = known[key] {
      sample.operator = mapped.operator
      sample.point = mapped.point
    } else {
      let type = TypeList(json: group.inputTypes).dataType(0)
      sample.operator = Operator(.opaque(HLOMapping.baseName(group.name)), dataType: type)
      sample.point = .none
    }
    return sample
  }

  /// Names as a JSON array; quotes and control characters, which no real name has, are left out.
  private static func json(_ texts: [String]) -> String {
    let quoted = texts.map { text in
      "\"" + text.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline } + "\""
    }
    return "[" + quoted.joined(separator: ",") + "]"
  }
}
