internal import GRDB
public import Operators

extension OperatorStore {
  /// The names of all devices, in the order in which they were first imported.
  public func deviceNames() throws(OperatorStoreError) -> [String] {
    try read { db in try String.fetchAll(db, sql: "SELECT name FROM device ORDER BY id") }
  }

  /// Every curve measured on a device, by kind, attributes, type and runtime, each with its
  /// points in order. Curves without axes (opaque operators) are left out: no step asks for them.
  ///
  /// - Parameters:
  ///   - operators: what will be asked for; only curves that can answer for one of these are
  ///     then loaded, its own or one to borrow from: the kind and the names of the attributes are
  ///     equal. Nil loads all.
  ///   - types: which of several data types are loaded.
  /// - Complexity: one look-up for each curve and one scan of its samples.
  public func curves(
    device: String, like operators: [Operator]? = nil, types: TypeSelection = .all
  ) throws(OperatorStoreError) -> [MeasuredCurve] {
    let wanted = operators.map { WantedCurves($0, types) }
    return try read { db in
      let scan = try SampleScan(db)
      var curves: [MeasuredCurve] = []
      for head in try CurveScan.heads(db, device: device, wanted) {
        let samples = try scan.samples(ofCurve: head.id)
        guard !samples.isEmpty else { continue }
        curves.append(
          MeasuredCurve(head.operator, device: device, runtime: head.runtime, samples: samples))
      }
      return curves
    }
  }

  /// What SQLite finds damaged in the file, and rows that refer to none; empty of a sound database.
  ///
  /// - Complexity: O(n) in the file.
  public func problems() throws(OperatorStoreError) -> [String] {
    try read { db in
      let damage = try String.fetchAll(db, sql: "PRAGMA quick_check").filter { $0 != "ok" }
      let orphans = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
      return damage + (orphans > 0 ? ["\(orphans) rows refer to rows that are not there"] : [])
    }
  }

  /// How many samples there are, of all devices.
  public func sampleCount() throws(OperatorStoreError) -> Int {
    try read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sample") ?? 0 }
  }

  /// The engine steps of a device whose whole batch is known, by source and start. Rows with anything
  /// missing or negative are passed over: the file may be a stranger's.
  public func steps(device: String) throws(OperatorStoreError) -> [MeasuredStep] {
    try read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT start_ns, duration_ns, prefill_sequences, prefill_tokens, prefill_pairs,
            prefill_context, decode_sequences, decode_context, longest_decode_context,
            sampled_sequences
          FROM step
          JOIN source ON source.id = step.source_id
          JOIN device ON device.id = source.device_id
          WHERE device.name = ? AND step.origin = 'engine'
          ORDER BY source.id, step.start_ns, step.id
          """, arguments: [device])
      var steps: [MeasuredStep] = []
      while let row = try rows.next() {
        let numbers = Array(row.databaseValues).compactMap { Int.fromDatabaseValue($0) }
        guard numbers.count == row.count, numbers.dropFirst().allSatisfy({ $0 >= 0 }) else {
          continue
        }
        var shape = StepShape()
        func size(_ column: Int) -> Int { StepShape.clamped(numbers[column]) }
        shape.prefillSequences = size(2)
        shape.prefillTokens = size(3)
        shape.prefillPairs = size(4)
        shape.prefillContext = size(5)
        shape.decodeSequences = size(6)
        shape.decodeContext = size(7)
        shape.longestDecodeContext = size(8)
        shape.sampledSequences = size(9)
        steps.append(
          MeasuredStep(
            start: Nanoseconds(Int64(numbers[0])), duration: Nanoseconds(Int64(numbers[1])),
            shape: shape))
      }
      return steps
    }
  }

  /// How many engine steps of a device there are, those among them whose batch is not known.
  public func stepCount(device: String) throws(OperatorStoreError) -> Int {
    try read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM step
          JOIN source ON source.id = step.source_id
          JOIN device ON device.id = source.device_id
          WHERE device.name = ? AND step.origin = 'engine'
          """, arguments: [device]) ?? 0
    }
  }

  /// A value of a view's row.
  public enum ViewValue: Sendable, Hashable, CustomStringConvertible {
    /// None: SQL's NULL.
    case missing
    /// A whole number.
    case integer(Int64)
    /// Any other number.
    case real(Double)
    /// A text.
    case text(String)

    /// As the value is printed; empty where there is none.
    public var description: String {
      switch self {
      case .missing: ""
      case .integer(let number): "\(number)"
      case .real(let number): "\(number)"
      case .text(let text): text
      }
    }
  }

  /// The rows of one of the database's views, as text, headed by its column names.
  ///
  /// - Parameter operator: the kind of operator to show alone, for views that name operators.
  public func rows(
    ofView view: View, operator kind: OperatorKind? = nil, limit: Int = 10_000
  ) throws(OperatorStoreError) -> (columns: [String], rows: [[String]]) {
    let (columns, rows) = try values(ofView: view, operator: kind, limit: limit)
    return (columns, rows.map { $0.map(\.description) })
  }

  /// The rows of one of the database's views, headed by its column names.
  ///
  /// - Parameter operator: the kind of operator to show alone, for views that name operators.
  public func values(
    ofView view: View, operator kind: OperatorKind? = nil, limit: Int = 10_000
  ) throws(OperatorStoreError) -> (columns: [String], rows: [[ViewValue]]) {
    try read { db in
      let filter = kind != nil && view.namesOperators ? "WHERE operator = ?" : ""
      let arguments: [(any DatabaseValueConvertible)?] =
        filter.isEmpty ? [limit] : [kind?.rawValue, limit]
      let cursor = try Row.fetchCursor(
        db, sql: "SELECT * FROM \(view.rawValue) \(filter) LIMIT ?",
        arguments: StatementArguments(arguments))
      let columns = cursor.columnNames
      var rows: [[ViewValue]] = []
      while let row = try cursor.next() {
        rows.append(
          row.databaseValues.map { value in
            switch value.storage {
            case .null: .missing
            case .int64(let number): .integer(number)
            case .double(let number): .real(number)
            case .string(let text): .text(text)
            case .blob(let bytes): .text("\(bytes)")
            }
          })
      }
      return (columns, rows)
    }
  }

  /// The questions that the database answers by itself.
  public enum View: String, CaseIterable, Sendable {
    /// How much of each source was attributed.
    case coverage
    /// What is known for each device.
    case curves
    /// Which kernels took the most time.
    case topKernels = "top_kernels"
    /// How kernels' time divides by what they compute and whose they are.
    case kernelClasses = "kernel_classes"
    /// Every sample, with its number.
    case samples
    /// Which samples disagree with themselves.
    case outliers

    /// Whether its rows name an operator.
    public var namesOperators: Bool { self != .coverage && self != .kernelClasses }
  }
}
