import TraceIO

/// What the columns of a CSV log of the user's own mean, or the members of its JSON Lines:
/// `TraceSchemas/request-log-mapping.schema.json`.
///
///     var options = RequestLogReader.Options()
///     options.mapping = try RequestLogMapping(path: "map.json")
///     let log = try RequestLog(path: "requests.csv", options: options)
///
/// Every time has its unit, since a log that was read in another one looks sound and is not.
public struct RequestLogMapping: Hashable, Sendable {
  /// The version of the form that is read.
  public static let version: Int64 = 1

  /// A field, and where it stands.
  struct Column: Hashable, Sendable {
    var name: String
    var field: RowLayout.Field
    var unit: RowLayout.Unit
  }

  /// The fields that the log has.
  private(set) var columns: [Column] = []
  /// The names of the columns of a table that has no header.
  private(set) var header: [String]?
  /// The path of the mapping, for errors.
  let path: String

  /// What a field is, by which it needs a unit.
  private enum Kind {
    case plain, instant, duration
  }

  private static let fields: [(name: String, field: RowLayout.Field, kind: Kind)] = [
    ("id", .id, .plain), ("arrival", .arrival, .instant), ("input_tokens", .inputTokens, .plain),
    ("output_tokens", .outputTokens, .plain), ("session", .session, .plain),
    ("parent_session", .parentSession, .plain), ("class", .requestClass, .plain),
    ("passages", .passages, .plain), ("passage_tokens", .passageTokens, .plain),
    ("difficulty", .difficulty, .plain), ("stages", .stages, .plain),
    ("priority", .priority, .plain), ("status", .status, .plain), ("error", .failure, .plain),
    ("scheduled", .scheduled, .instant), ("first_token", .firstToken, .instant),
    ("last_token", .lastToken, .instant), ("cancelled", .cancelled, .instant),
    ("think_time", .thinkTime, .duration), ("queue_time", .queueTime, .duration),
    ("time_to_first_token", .timeToFirstToken, .duration), ("latency", .latency, .duration),
    ("token_gaps", .tokenGaps, .duration),
  ]

  /// Reads a mapping's file.
  public init(path: String) throws(RequestLogError) {
    do {
      self = try Self(JSONValue.read(path: path).value, path: path)
    } catch let error as RequestLogError {
      throw error
    } catch let error as TraceIOError {
      throw .input(error)
    } catch {
      throw .badMapping(path: path, reason: "it cannot be read")
    }
  }

  /// Reads a mapping that is in memory; `name` stands for the path in errors.
  public init(bytes: [UInt8], name: String = "mapping") throws(RequestLogError) {
    let value: JSONValue
    do {
      value = try JSONValue.read(bytes: bytes, name: name)
    } catch {
      throw .input(error)
    }
    self = try Self(value, path: name)
  }

  private init(_ document: JSONValue, path: String) throws(RequestLogError) {
    self.path = path
    guard case .object(let members) = document else { throw bad("it is not a JSON object") }
    var isVersioned = false
    for member in members {
      switch (member.name, member.value) {
      case ("version", .integer(Self.version)): isVersioned = true
      case ("description", .string): break
      case ("columns", .array(let names)):
        header = try names.map { name throws(RequestLogError) in try text(name, of: "columns") }
      case ("fields", .object(let fields)):
        for field in fields { try add(field) }
      default:
        throw bad("'\(member.name.prefix(64))' is no key of it, or its value does not fit")
      }
    }
    guard isVersioned else { throw bad("it needs \"version\": \(Self.version)") }
    let given = Set(columns.map(\.field))
    for needed in ["arrival", "input_tokens", "output_tokens"] {
      guard columns.contains(where: { $0.field == Self.named(needed)?.field }) else {
        throw bad("'fields' needs '\(needed)'")
      }
    }
    let first = given.contains(.timeToFirstToken) || given.contains(.firstToken)
    let last =
      given.contains(.latency) || given.contains(.lastToken) || given.contains(.tokenGaps)
    guard last || !first else {
      throw bad("a measurement needs the last token's time or the latency, beside the first one's")
    }
  }

  private mutating func add(_ member: JSONValue.Member) throws(RequestLogError) {
    guard let known = Self.named(member.name) else {
      throw bad(
        "'\(member.name.prefix(64))' is no field; fields are "
          + Self.fields.map(\.name).joined(separator: ", "))
    }
    guard !columns.contains(where: { $0.field == known.field }) else {
      throw bad("'\(known.name)' is given twice")
    }
    var name: String?
    var unit: String?
    switch member.value {
    case .object(let members):
      for member in members {
        switch member.name {
        case "name": name = try text(member.value, of: known.name)
        case "unit": unit = try text(member.value, of: known.name)
        default: throw bad("'\(known.name)' has 'name' and 'unit', not '\(member.name.prefix(64))'")
        }
      }
    default: name = try text(member.value, of: known.name)
    }
    guard let name else { throw bad("'\(known.name)' needs the 'name' of its column") }
    columns.append(
      Column(name: name, field: known.field, unit: try self.unit(unit, of: known.name, known.kind)))
  }

  private func unit(
    _ name: String?, of field: String, _ kind: Kind
  ) throws(RequestLogError) -> RowLayout.Unit {
    if kind == .plain, name == nil { return .decimals(0) }
    if kind == .instant, name == "date" { return .instant }
    if kind != .plain, let unit = name.flatMap(LogTimeUnit.init(rawValue:)) {
      return .decimals(unit.decimals)
    }
    switch kind {
    case .plain: throw bad("'\(field)' has no unit")
    case .instant: throw bad("'\(field)' needs a unit: s, ms, us, ns, or date")
    case .duration: throw bad("'\(field)' needs a unit: s, ms, us or ns")
    }
  }

  private func text(_ value: JSONValue, of key: String) throws(RequestLogError) -> String {
    guard case .string(let text) = value, !text.isEmpty else {
      throw bad("'\(key)' needs the name of a column as text")
    }
    return text
  }

  private static func named(
    _ name: String
  ) -> (name: String, field: RowLayout.Field, kind: Kind)? {
    fields.first { $0.name == name }
  }

  private func bad(_ reason: String) -> RequestLogError { .badMapping(path: path, reason: reason) }
}

extension RequestLogMapping {
  /// How rows of JSON are read; names are paths, divided by slashes.
  var rowLayout: RowLayout {
    RowLayout(columns.map { ($0.name.split(separator: "/").map(String.init), $0.field, $0.unit) })
  }

  /// How rows of a table with this header are read.
  func tableLayout(_ header: [String]) throws(RequestLogError) -> TableLayout {
    let names = header.map { $0.lowercased() }
    for column in columns {
      guard names.contains(column.name.lowercased()) else {
        throw bad(
          "the log has no column '\(column.name)'; it has \(header.joined(separator: ", "))")
      }
      if column.field == .tokenGaps { throw bad("'token_gaps' is a list, which only JSON has") }
    }
    let layout = TableLayout(header, columns.map { ($0.name, $0.field, $0.unit, true) })
    guard let layout else { throw bad("the log's columns are others") }
    return layout
  }
}
