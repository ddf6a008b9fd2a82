/// Texts that a trace writes once and then names by a number.
///
/// Tables are bounded: what comes when one is full is written as it is, so that memory does not grow with
/// hostile or just many names.
struct InternedStrings {
  /// The tables, by their fields of Perfetto's `InternedData`.
  enum Table: Int, CaseIterable {
    case categories = 1
    case names = 2
    case argumentNames = 3
    case texts = 29
  }

  /// A text that has just got its number.
  struct Fresh {
    var table: Table
    var number: UInt64
    var text: String
  }

  private struct Key: Hashable {
    var table: Table
    var text: String
  }

  private var numbers: [Key: UInt64] = [:]
  private var counts: [Table: Int] = [:]
  private var fresh: [Fresh] = []

  /// Texts that a table holds at most.
  static let most = 1 << 14

  /// A text's number, from 1; nil if its table is full without it.
  mutating func number(of text: String, in table: Table) -> UInt64? {
    let key = Key(table: table, text: text)
    if let known = numbers[key] { return known }
    let count = counts[table, default: 0]
    guard count < Self.most else { return nil }
    counts[table] = count + 1
    let number = UInt64(count + 1)
    numbers[key] = number
    fresh.append(Fresh(table: table, number: number, text: text))
    return number
  }

  /// The texts that got their number since this was asked last.
  mutating func takeFresh() -> [Fresh] {
    defer { fresh.removeAll(keepingCapacity: true) }
    return fresh
  }
}
