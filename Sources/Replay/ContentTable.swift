/// A hash table from the content of blocks to block numbers, flat and growing.
///
/// Linear probing over a power of two at most half full; a removal moves later entries back, so
/// that nothing is left behind to slow later searches. Content is a hash already and is used as
/// one; 0 is never a content.
struct ContentTable {
  private var contents: [UInt64]
  private var values: [Int32]
  private var mask: Int
  private var count = 0

  /// Creates an empty table with room for half of `size`, a power of two.
  init(size: Int = 64) {
    contents = Array(repeating: 0, count: size)
    values = Array(repeating: 0, count: size)
    mask = size - 1
  }

  /// The value under `content`, or nil.
  subscript(content: UInt64) -> Int32? {
    let position = find(content)
    return contents[position] == content ? values[position] : nil
  }

  /// Inserts a value, unless there is one already: that is returned and stays.
  mutating func insert(_ content: UInt64, _ value: Int32) -> Int32? {
    let position = find(content)
    if contents[position] == content { return values[position] }
    contents[position] = content
    values[position] = value
    count += 1
    if 2 * count > mask { grow() }
    return nil
  }

  /// Gives another value to a content that is there.
  mutating func replace(_ content: UInt64, with value: Int32) { values[find(content)] = value }

  /// Removes a content that is there.
  mutating func remove(_ content: UInt64) {
    var gap = find(content)
    var position = gap
    while true {
      position = (position + 1) & mask
      let other = contents[position]
      guard other != 0 else { break }
      // An entry may fill the gap if its own place is not after the gap.
      let home = Int(truncatingIfNeeded: other) & mask
      if (position - home) & mask >= (position - gap) & mask {
        contents[gap] = other
        values[gap] = values[position]
        gap = position
      }
    }
    contents[gap] = 0
    count -= 1
  }

  private mutating func grow() {
    var larger = ContentTable(size: 2 * contents.count)
    for position in contents.indices where contents[position] != 0 {
      _ = larger.insert(contents[position], values[position])
    }
    self = larger
  }

  private func find(_ content: UInt64) -> Int {
    var position = Int(truncatingIfNeeded: content) & mask
    while contents[position] != 0, contents[position] != content {
      position = (position + 1) & mask
    }
    return position
  }
}
