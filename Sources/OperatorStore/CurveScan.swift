internal import GRDB
private import GRDBSQLite
internal import Operators

/// The reading of a device's curves without their samples, taken from SQLite by hand: a database holds
/// tens of thousands, of which a deployment asks for some hundreds.
struct CurveScan {
  /// A curve without its samples.
  struct Head {
    var id: Int64
    var `operator`: Operator
    var runtime: String
  }

  /// A row as it is read.
  private struct Row {
    var id: Int64
    var shape: Int
    var attributes: String
    var type: String
    var runtime: Int64
  }

  /// Curves of one kind and names of attributes.
  private struct Shape {
    var kind: OperatorKind
    /// The types that are asked for; nil where all are wanted, empty where none is.
    var asked: Set<DataType?>?
    var measured: Set<DataType?> = []
  }

  /// The curves of a device that are wanted, by kind, attributes, type and number. Curves without axes
  /// are left out.
  static func heads(_ db: Database, device: String, _ wanted: WantedCurves?) throws -> [Head] {
    var runtimes: [Int64: String] = [:]
    for row in try GRDB.Row.fetchAll(
      db, sql: "SELECT id, trim(framework || ' ' || version) FROM runtime")
    {
      runtimes[row[0]] = row[1]
    }
    let kinds = wanted?.kinds
    let statement = try db.makeStatement(
      sql: """
        SELECT curve.id, curve.kind, curve.attributes, curve.data_type, curve.runtime_id
        FROM curve JOIN device ON device.id = curve.device_id
        WHERE device.name = ? AND curve.axes <> ''
          \(kinds.map { "AND curve.kind IN (\($0.map { _ in "?" }.joined(separator: ", ")))" } ?? "")
        """)
    statement.arguments = StatementArguments([device] + (kinds ?? []))
    let handle = statement.sqliteStatement
    defer { sqlite3_reset(handle) }
    var rows: [Row] = []
    var shapes: [Shape] = []
    var known: [[UInt8]: Int] = [:]
    var name: [UInt8] = []
    while true {
      let result = sqlite3_step(handle)
      if result == SQLITE_DONE { break }
      guard result == SQLITE_ROW else {
        try db.check(result)
        break
      }
      func bytes(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
          start: sqlite3_column_text(handle, column),
          count: Int(sqlite3_column_bytes(handle, column)))
      }
      func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }
      name.removeAll(keepingCapacity: true)
      name.append(contentsOf: bytes(1))
      name.append(0)
      appendNames(of: bytes(2), to: &name)
      let shape = known[name] ?? shapes.count
      if shape == shapes.count {
        let kind = OperatorKind(rawValue: text(1))
        let op = Operator(kind, dataType: nil, OperatorStore.attributes(text(2)))
        shapes.append(Shape(kind: kind, asked: wanted?.types(of: op)))
        known[name] = shape
      }
      if shapes[shape].asked?.isEmpty == true { continue }
      let type = text(3)
      shapes[shape].measured.insert(DataType(rawValue: type))
      rows.append(
        Row(
          id: sqlite3_column_int64(handle, 0), shape: shape, attributes: text(2), type: type,
          runtime: sqlite3_column_int64(handle, 4)))
    }
    return rows.filter { row in
      // Of a type that was not measured any other one tells more than nothing.
      guard let asked = shapes[row.shape].asked, asked.isSubset(of: shapes[row.shape].measured)
      else { return true }
      return asked.contains(DataType(rawValue: row.type))
    }.sorted {
      ($0.shape == $1.shape ? "" : shapes[$0.shape].kind.rawValue, $0.attributes, $0.type, $0.id)
        < (
          $0.shape == $1.shape ? "" : shapes[$1.shape].kind.rawValue, $1.attributes, $1.type, $1.id
        )
    }.map { row in
      Head(
        id: row.id,
        operator: Operator(
          shapes[row.shape].kind, dataType: DataType(rawValue: row.type),
          OperatorStore.attributes(row.attributes)), runtime: runtimes[row.runtime] ?? "")
    }
  }

  /// What stands before each `=` and its space: `n=4096 k=14336` gives `n k`.
  private static func appendNames(
    of attributes: UnsafeBufferPointer<UInt8>, to names: inout [UInt8]
  ) {
    var isName = true
    for byte in attributes {
      if byte == UInt8(ascii: " ") {
        isName = true
      } else if byte == UInt8(ascii: "=") {
        isName = false
      }
      if isName { names.append(byte) }
    }
  }
}

extension OperatorStore {
  /// The reverse of ``Operators/Operator/canonicalAttributes``; what is not `name=integer` is
  /// left out.
  static func attributes(_ canonical: String) -> [String: Int] {
    var attributes: [String: Int] = [:]
    for pair in canonical.utf8.split(separator: UInt8(ascii: " ")) {
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex,
        let value = Int(Substring(pair[pair.index(after: equals)...]))
      else { continue }
      attributes[String(Substring(pair[..<equals]))] = value
    }
    return attributes
  }
}
