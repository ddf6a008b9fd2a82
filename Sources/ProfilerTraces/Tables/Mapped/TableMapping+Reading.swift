import Operators
import TraceIO

extension TableMapping {
  /// Reads a mapping file, of at most 1 MiB.
  ///
  /// - Throws: ``ProfilerTraceError/badMapping(path:member:problem:)`` with the path of the member
  ///   that is wrong; a member that is not known is an error, with the nearest that is.
  public init(path: String) throws(ProfilerTraceError) {
    let read: (value: JSONValue, input: InputSummary)
    do throws(TraceIOError) {
      read = try JSONValue.read(path: path)
    } catch {
      throw .input(error)
    }
    let whole = try MappingObject(read.value, "mapping", at: "", path: path)
    _ = try whole.integer("version")
    _ = try whole.text("description")
    columns = try whole.texts("columns")
    device = try Self.text(whole, "device", path)
    framework = try Self.text(whole, "framework", path)
    version = try Self.text(whole, "framework_version", path)
    operators = []
    for (index, item) in (try whole.list("operators") ?? []).enumerated() {
      operators.append(try Rule(item, at: "operators[\(index)]", path: path))
    }
    digest = read.input.sha256
  }

  /// A text: a constant, or `{"column": ..., "values": {...}}`.
  fileprivate static func text(
    _ object: MappingObject, _ name: String, _ path: String
  ) throws(ProfilerTraceError) -> Text? {
    guard let value = object[name] else { return nil }
    let place = object.place(of: name)
    if case .string = value {
      return .constant(try MappingObject.text(value, at: place, path: path))
    }
    let given = try MappingObject(value, "column_text", at: place, path: path)
    var values: [String: String]?
    if let table = given["values"] {
      let place = given.place(of: "values")
      values = [:]
      for (name, value) in try members(table, at: place, path: path) {
        values?[name] = try MappingObject.text(
          value, at: MappingObject.join(place, name), path: path)
      }
    }
    return .column(try given.text("column") ?? "", values: values)
  }

  /// A size: a constant, a column's name, or `{"columns": [...], "factor": ..., "divisor": ...}`.
  fileprivate static func size(
    _ value: JSONValue, at place: String, path: String
  ) throws(ProfilerTraceError) -> Size {
    switch value {
    case .integer(let number):
      guard let number = Int(exactly: number), TableMappingFormat.sizes.contains(number) else {
        throw MappingObject.error(path, place, "must be from 0 to 2^40")
      }
      return .constant(number)
    case .string:
      let name = try MappingObject.text(value, at: place, path: path)
      return .columns([name], factor: 1, divisor: 1)
    case .object:
      let given = try MappingObject(value, "column_size", at: place, path: path)
      guard given.has("column") != given.has("columns") else {
        throw MappingObject.error(path, place, "needs either 'column' or 'columns'")
      }
      let column = try given.text("column")
      let columns = try given.texts("columns")
      return .columns(
        columns ?? column.map { [$0] } ?? [], factor: try given.integer("factor") ?? 1,
        divisor: try given.integer("divisor") ?? 1)
    default:
      throw MappingObject.error(
        path, place, "must be a whole number, a column's name, or an object")
    }
  }

  /// The members of an object whose names are the user's, each once.
  fileprivate static func members(
    _ value: JSONValue, at place: String, path: String
  ) throws(ProfilerTraceError) -> [(String, JSONValue)] {
    guard case .object(let members) = value, members.count <= TableMappingFormat.mostNames else {
      throw MappingObject.error(
        path, place, "must be an object of at most \(TableMappingFormat.mostNames) members")
    }
    var seen: Set<String> = []
    for member in members where !seen.insert(member.name).inserted {
      throw MappingObject.error(path, MappingObject.join(place, member.name), "is given twice")
    }
    return members.map { ($0.name, $0.value) }
  }
}

extension TableMapping.Rule {
  fileprivate init(
    _ value: JSONValue, at place: String, path: String
  ) throws(ProfilerTraceError) {
    let object = try MappingObject(value, "operator", at: place, path: path)
    conditions = []
    for (index, item) in (try object.list("where") ?? []).enumerated() {
      conditions.append(
        try TableMapping.Condition(
          item, at: "\(object.place(of: "where"))[\(index)]", path: path))
    }
    let kind = OperatorKind(rawValue: try object.text("kind") ?? "")
    guard kind.isOpaque || !kind.axes.isEmpty else {
      let hint = nearestName(to: kind.rawValue, among: OperatorKind.known.map(\.rawValue))
      throw object.error(
        "kind",
        "is no known kind; "
          + (hint.map { "did you mean '\($0)'?" } ?? "one of your own begins with 'opaque:'"))
    }
    self.kind = kind
    dataType = try TableMapping.text(object, "data_type", path)
    let names: [String] =
      switch dataType {
      case .constant(let name): [name]
      case .column(_, let values): values.map { Array($0.values).sorted() } ?? []
      case nil: []
      }
    for name in names where DataType(rawValue: name) == nil {
      throw object.error(
        "data_type",
        "says '\(name.prefix(64))'; known are "
          + DataType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    attributes = try Self.sizes(object, "attributes", path)
    axes = try Self.sizes(object, "axes", path)
    for axis in axes where !kind.axes.contains(axis.name) {
      let hint = nearestName(to: axis.name, among: kind.axes).map { "; did you mean '\($0)'?" }
      throw MappingObject.error(
        path, MappingObject.join(object.place(of: "axes"), axis.name),
        "is no axis of \(kind)"
          + (hint ?? ", which has "
            + (kind.axes.isEmpty ? "none" : kind.axes.joined(separator: ", "))))
    }
    try Self.check(kind, attributes.map(\.name), axes.map(\.name), object, path)
    guard let times = object["times"] else { throw object.error("times", "is missing") }
    self.times = try TableMapping.Times(times, at: object.place(of: "times"), path: path)
  }

  /// Fails if a size is missing that tells one point or one curve from another, or one is given that
  /// no operator of the kind has: such curves would never be found.
  private static func check(
    _ kind: OperatorKind, _ attributes: [String], _ axes: [String], _ object: MappingObject,
    _ path: String
  ) throws(ProfilerTraceError) {
    // Of attention a point has those of its phase; the others are zero.
    let needed = kind == .attention ? (axes.isEmpty ? kind.axes : []) : kind.axes
    for name in needed where !axes.contains(name) {
      throw object.error(
        "axes", "lacks '\(name)'; \(kind) has \(kind.axes.joined(separator: ", "))")
    }
    guard let names = kind.attributeNames else { return }
    for name in attributes where !names.all.contains(name) {
      let hint = nearestName(to: name, among: names.all).map { "; did you mean '\($0)'?" }
      throw MappingObject.error(
        path, MappingObject.join(object.place(of: "attributes"), name),
        "is no attribute of \(kind)"
          + (hint ?? ", which has "
            + (names.all.isEmpty ? "none" : names.all.joined(separator: ", "))))
    }
    for name in names.required where !attributes.contains(name) {
      throw object.error(
        "attributes", "lacks '\(name)'; \(kind) has \(names.all.joined(separator: ", "))")
    }
  }

  private static func sizes(
    _ object: MappingObject, _ name: String, _ path: String
  ) throws(ProfilerTraceError) -> [TableMapping.Named<TableMapping.Size>] {
    guard let value = object[name] else { return [] }
    var sizes: [TableMapping.Named<TableMapping.Size>] = []
    for (member, value) in try TableMapping.members(value, at: object.place(of: name), path: path) {
      let place = MappingObject.join(object.place(of: name), member)
      _ = try MappingObject.text(.string(member), at: place, path: path)
      sizes.append(
        TableMapping.Named(
          name: member, value: try TableMapping.size(value, at: place, path: path)))
    }
    return sizes
  }
}

extension TableMapping.Condition {
  fileprivate init(
    _ value: JSONValue, at place: String, path: String
  ) throws(ProfilerTraceError) {
    let object = try MappingObject(value, "condition", at: place, path: path)
    guard object.has("equals") != object.has("not") else {
      throw MappingObject.error(path, place, "needs either 'equals' or 'not'")
    }
    column = try object.text("column") ?? ""
    let (equal, other) = (try object.text("equals"), try object.text("not"))
    self.value = equal ?? other ?? ""
    isNegated = object.has("not")
  }
}

extension TableMapping.Times {
  fileprivate init(
    _ value: JSONValue, at place: String, path: String
  ) throws(ProfilerTraceError) {
    let object = try MappingObject(value, "times", at: place, path: path)
    unit = TimeUnit(rawValue: try object.text("unit") ?? "") ?? .nanoseconds
    mean = try object.text("mean")
    median = try object.text("median")
    minimum = try object.text("minimum")
    deviation = try object.text("deviation")
    if let count = object["count"] {
      self.count = try TableMapping.size(count, at: object.place(of: "count"), path: path)
    }
    guard mean != nil || median != nil else {
      throw MappingObject.error(path, place, "needs 'mean' or 'median'")
    }
  }
}
