/// A hash table from the content of blocks to block numbers, flat and growing.
///
/// Linear probing over a power of two at most half full; a removal moves later entries back, so
/// that nothing is left behind to slow later searches. Content is a hash already and is used as
/// one, so that what counts upwards lies side by side; 0 is never a content.
struct ContentTable {
  /// One place: content and value side by side, so that both come with one line of the processor's cache.
  private struct Entry {
    var content: UInt64 = 0
    var value: Int32 = 0
  }

  private var entries: [Entry]
  private var mask: Int
  private var count = 0

  /// Creates an empty table with room for half of `size`, a power of two.
  init(size: Int = 64) {
    entries = Array(repeating: Entry(), count: size)
    mask = size - 1
  }

  /// The value under `content`, or nil.
  subscript(content: UInt64) -> Int32? {
    let entry = entries[find(content)]
    return entry.content == content ? entry.value : nil
  }

  /// Inserts a value, unless there is one already: that is returned and stays.
  mutating func insert(_ content: UInt64, _ value: Int32) -> Int32? {
    let position = find(content)
    if entries[position].content == content { return entries[position].value }
    entries[position] = Entry(content: content, value: value)
    count += 1
    if 2 * count > mask { grow() }
    return nil
  }

  /// Gives another value to a content that is there.
  mutating func replace(_ content: UInt64, with value: Int32) {
    entries[find(content)].value = value
  }

  /// Removes a content that is there.
  mutating func remove(_ content: UInt64) {
    var gap = find(content)
    var position = gap
    while true {
      position = (position + 1) & mask
      let other = entries[position]
      guard other.content != 0 else { break }
      // An entry may fill the gap if its own place is not after the gap.
      let home = Int(truncatingIfNeeded: other.content) & mask
      if (position - home) & mask >= (position - gap) & mask {
        entries[gap] = other
        gap = position
      }
    }
    entries[gap] = Entry()
    count -= 1
  }

  private mutating func grow() {
    var larger = ContentTable(size: 2 * entries.count)
    for entry in entries where entry.content != 0 {
      _ = larger.insert(entry.content, entry.value)
    }
    self = larger
  }

  private func find(_ content: UInt64) -> Int {
    var position = Int(truncatingIfNeeded: content) & mask
    while entries[position].content != 0, entries[position].content != content {
      position = (position + 1) & mask
    }
    return position
  }
}
