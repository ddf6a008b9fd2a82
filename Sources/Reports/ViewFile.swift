public import OperatorStore

/// Rows of one of a database's views as JSON, as `TraceSchemas/view.schema.json` describes it.
public struct ViewFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.view"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private let view: String
  private let columns: [String]
  private let rows: [[String: ResultValue]]

  /// Takes rows; a value that is missing in SQLite is missing in its row.
  ///
  /// - Parameter name: what the user calls the view.
  public init(
    view name: String, columns: [String], rows: [[OperatorStore.ViewValue]]
  ) {
    view = name
    self.columns = columns
    self.rows = rows.map { row in
      var members: [String: ResultValue] = [:]
      for (column, value) in zip(columns, row) {
        switch value {
        case .missing: break
        case .integer(let number): members[column] = .integer(Int(number))
        case .real(let number): members[column] = .number(number)
        case .text(let text): members[column] = .text(text)
        }
      }
      return members
    }
  }
}
