import TraceIO

/// Columns of whole numbers, by name.
struct IntegerColumns {
  private var columns: [Int] = []
  /// The first name that the table lacks, if any.
  private(set) var missing: String?

  /// Finds the columns; the values come in the order of the names.
  init(_ names: [String], _ rows: borrowing CSVReader) {
    for name in names {
      if let column = rows.column(name) {
        columns.append(column)
      } else {
        missing = missing ?? name
      }
    }
  }

  /// The values of the current row, or nil where one is no number or beyond ``SizeLimits/literal``.
  func values(_ rows: borrowing CSVReader) -> [Int]? {
    var values: [Int] = []
    for column in columns {
      guard let value = rows.integer(column), (0...Int64(SizeLimits.literal)).contains(value) else {
        return nil
      }
      values.append(Int(value))
    }
    return values
  }
}
