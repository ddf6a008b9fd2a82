import TraceIO

/// How many operators of a profile took their shapes from an execution trace.
public struct ShapeJoin: Hashable, Sendable {
  /// The operators whose record id is in both files.
  public var joined = 0
  /// Those of them whose names agree; only they may take shapes.
  public var agreeing = 0
  /// Those of them that had no shapes of their own and took them.
  public var taken = 0

  /// The least share of agreeing names: below, the files are not of one run.
  static let leastAgreement = 0.9

  /// Creates a count of nothing.
  public init() {}

  /// The share of joined operators whose names agree, from 0 to 1.
  public var agreement: Double { joined == 0 ? 0 : Double(agreeing) / Double(joined) }
}

extension TraceEvents {
  /// Gives operators without shapes those that an execution trace has for the same record.
  ///
  /// The record is `Record function id`. Profiles that have none anywhere may number their records
  /// by `External id`, which in others is something else; the names decide.
  mutating func join(_ trace: ExecutionTraceReader) -> ShapeJoin {
    var result = ShapeJoin()
    let hasRecords = hosts.contains { $0.record > 0 }
    var names: [Int32: Int32] = [:]
    var arguments: [Int32: Int32] = [:]
    func number(_ text: Int32, _ known: inout [Int32: Int32], _ texts: inout ByteStringTable)
      -> Int32
    {
      if text < 0 { return -1 }
      if let number = known[text] { return number }
      let number = texts.intern(trace.texts[text]) ?? -1
      known[text] = number
      return number
    }
    for index in hosts.indices where hosts[index].kind == .operator {
      let record = hasRecords ? hosts[index].record : -hosts[index].record
      guard record > 0, let operation = trace.operations[record] else { continue }
      result.joined += 1
      guard number(operation.name, &names, &texts) == hosts[index].name else { continue }
      result.agreeing += 1
      guard hosts[index].dims < 0, operation.dims >= 0 else { continue }
      result.taken += 1
      hosts[index].dims = number(operation.dims, &arguments, &texts)
      hosts[index].types = number(operation.types, &arguments, &texts)
    }
    return result
  }
}

extension KinetoEventParser {
  /// Joins the shapes of an execution trace of the same run.
  ///
  /// - Returns: What is known about that file.
  mutating func joinShapes(
    path shapes: String, profile: String
  ) throws(ProfilerTraceError) -> InputSummary {
    let (trace, input) = try ExecutionTraceReader.read(path: shapes, options: options)
    let join = events.join(trace)
    guard join.joined > 0 else {
      throw .missingInformation(
        path: profile,
        what: "no operator has a record id of \(shapes); give the execution trace of the same run")
    }
    guard join.agreement >= ShapeJoin.leastAgreement else {
      throw .missingInformation(
        path: profile,
        what:
          "only \(join.agreeing) of \(join.joined) operators have the name that \(shapes) gives "
          + "their record; give the execution trace of the same run")
    }
    coverage.shapeJoin = join
    return input
  }
}
