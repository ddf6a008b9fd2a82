/// The columns of a table of nccl-tests, from its header:
///
///     #       size         count      type   redop    root     time   algbw   busbw #wrong ...
///
/// Versions differ in `redop` and `root`, which rows may also leave empty; so a row is read from both
/// ends.
struct NCCLTestsColumns {
  /// How many columns stand before the first `time`.
  private var leading: Int
  /// How many columns belong to each placement, and where they are in it.
  private var group: Int
  private var algorithm: Int
  private var bus: Int
  private var wrong: Int?
  /// Out of place, and in place where it is given.
  private var placements: Int
  private var hasRoot: Bool

  /// Reads a header, or returns nil where the line is none.
  init?(_ line: NCCLTestsLine) {
    guard line.isComment else { return nil }
    let names = line.comment.map { $0.hasPrefix("#") ? $0.dropFirst() : $0 }
    guard names.count <= 64, names.starts(with: ["size", "count", "type"]),
      let first = names.firstIndex(of: "time")
    else { return nil }
    let second = names[(first + 1)...].firstIndex(of: "time")
    let columns = names[first..<(second ?? names.count)]
    guard let algorithm = columns.firstIndex(of: "algbw"), let bus = columns.firstIndex(of: "busbw")
    else { return nil }
    leading = first
    group = columns.count
    self.algorithm = algorithm - first
    self.bus = bus - first
    wrong = columns.firstIndex(of: "wrong").map { $0 - first }
    placements = second == nil || names.count - first < 2 * columns.count ? 1 : 2
    hasRoot = names[..<first].contains("root")
  }

  /// Reads a row, or returns nil where the words do not fit.
  func row(_ words: [Substring]) -> NCCLTestsRow? {
    let trailing = placements * group
    guard words.count >= 3 + trailing, words.count <= leading + trailing,
      let size = Int(words[0]), size >= 0
    else { return nil }
    let middle = words[3..<(words.count - trailing)]
    var row = NCCLTestsRow(size: size, type: String(words[2].prefix(16)))
    row.root = hasRoot ? middle.last.flatMap { Int($0) } : nil
    let reduction = middle.first { Int($0) == nil }
    row.reduces = reduction.map { $0 != "none" } ?? false
    for placement in 0..<placements {
      let start = words.count - trailing + placement * group
      row.placements.append(
        NCCLTestsRow.Placement(
          time: String(words[start]), algorithm: Double(words[start + algorithm]) ?? .nan,
          bus: Double(words[start + bus]) ?? .nan,
          isWrong: wrong.flatMap { Int(words[start + $0]) }.map { $0 > 0 } ?? false))
    }
    return row
  }
}

/// One row of a table.
struct NCCLTestsRow {
  /// What was measured out of place, or in place.
  struct Placement {
    /// In microseconds, as text.
    var time: String
    /// Size over time, in GB/s with two decimals.
    var algorithm: Double
    /// That times the collective's factor.
    var bus: Double
    var isWrong: Bool
  }

  /// In bytes.
  var size: Int
  var type: String
  /// Whether the row names an arithmetic operation.
  var reduces = false
  /// The rank that sends or takes all, -1 for none, nil where the table has no such column.
  var root: Int?
  var placements: [Placement] = []

  init(size: Int, type: String) {
    self.size = size
    self.type = type
  }
}
