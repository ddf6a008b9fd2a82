import TraceIO

/// Rows of numbers and names on their way to a file, of which the first error is kept.
///
/// A replay hands over outcomes through a closure that cannot fail: after an error rows are dropped, and
/// ``commit()`` throws it.
struct RowWriter: ~Copyable {
  private var file: OutputFile
  private var row: [UInt8] = []
  private var isAtStart = true
  /// Why rows are dropped; nil while they are not.
  private(set) var error: OutputError?

  /// Opens a file and writes its header.
  init(path: String, columns: [String]) throws(OutputError) {
    var file = try OutputFile(path: path)
    try file.write(columns.joined(separator: ",") + "\n")
    self.file = file
  }

  /// Adds a cell with a number; nil leaves it empty.
  mutating func add(_ value: Int64?) {
    separate()
    guard let value else { return }
    if value < 0 { row.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = row.count
    repeat {
      row.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    row[start...].reverse()
  }

  /// Adds a cell with a number.
  mutating func add(_ value: Int) { add(Int64(value)) }

  /// Adds a cell with text that needs no quotes any more.
  mutating func add(_ text: [UInt8]) {
    separate()
    row.append(contentsOf: text)
  }

  private mutating func separate() {
    if !isAtStart { row.append(UInt8(ascii: ",")) }
    isAtStart = false
  }

  /// Ends the row.
  mutating func endRow() {
    row.append(UInt8(ascii: "\n"))
    if error == nil {
      do { try file.write(row) } catch { self.error = error }
    }
    row.removeAll(keepingCapacity: true)
    isAtStart = true
  }

  /// Gives the file its name.
  ///
  /// - Throws: the first error of all, and then there is no file.
  mutating func commit() throws(OutputError) {
    if let error { throw error }
    try file.commit()
  }
}

/// A name as a cell, quoted where it must be and never a formula.
func nameCell(_ name: String) -> [UInt8] { Array(CSV.quoted(CSV.disarmed(name)).utf8) }
