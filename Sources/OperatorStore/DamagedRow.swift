/// A row whose values no import writes: the file may be a stranger's, or was changed by hand.
struct DamagedRow: Error {
  var table: String
  var row: Int64
  var problem: String

  /// The longest time that is believed, in nanoseconds: three years.
  static let longestTime = 1e17

  /// Whether a number can be a time in nanoseconds.
  static func isTime(_ value: Double) -> Bool { value >= 0 && value <= longestTime }
}
