import TraceIO

/// The texts of a database's table of strings by their keys, each looked up once.
struct StringColumn: ~Copyable {
  private var lookup: SQLiteLookup
  private let columns: Int
  private var numbers: [Int64: Int32] = [:]

  /// - Parameter columns: The columns that may hold the text; the first that is not empty counts.
  init(
    _ database: borrowing SQLiteInput, table: String, key: String = "id", _ columns: [String]
  ) throws(TraceIOError) {
    lookup = try database.lookup(in: table, key: key, columns)
    self.columns = columns.count
  }

  /// The text with this key; nil if there is none.
  mutating func text(_ key: Int64?) throws(TraceIOError) -> String? {
    guard let key, try lookup.find(key) else { return nil }
    for column in 0..<columns {
      if let text = lookup.text(column), !text.isEmpty { return text }
    }
    return nil
  }

  /// The number of the text with this key, or -1.
  mutating func number(
    _ key: Int64?, _ collector: inout EventCollector
  ) throws(TraceIOError) -> Int32 {
    guard let key else { return -1 }
    if let number = numbers[key] { return number }
    let number = collector.number(of: try text(key))
    if numbers.count < 1 << 22 { numbers[key] = number }
    return number
  }
}
