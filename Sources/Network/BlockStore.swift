/// The blocks that one level of a store holds, by what is in them.
///
/// A content is a hash already; whoever makes them answers for their being different. The blocks
/// form one list, the next to be evicted in front. Under ``Eviction/leastRecent`` a use moves a block to
/// its end, under ``Eviction/firstIn`` it does not.
///
/// State is flat: 16 bytes a block for content and list, and a table of numbers of 8 to 16. Memory goes
/// with what is stored, not with the capacity.
///
/// - Complexity: O(1) for each operation.
public struct BlockStore: Sendable {
  /// Which block leaves a full store.
  public enum Eviction: String, Hashable, Sendable, CaseIterable {
    /// The one whose last use is the longest ago.
    case leastRecent = "lru"
    /// The one that came first.
    case firstIn = "fifo"
  }

  /// What has happened to a store.
  public struct Counts: Hashable, Sendable {
    /// Blocks that were looked for.
    public var lookups = 0
    /// And were there.
    public var hits = 0
    /// Blocks that came.
    public var insertions = 0
    /// Blocks that left to make room.
    public var evictions = 0
  }

  private struct Block: Sendable {
    var content: UInt64
    /// Towards the next to be evicted; -1 ends the list.
    var previous: Int32 = -1
    /// Away from it; of a free slot the next free one.
    var next: Int32 = -1
  }

  /// The most blocks that a store without a bound may hold.
  static let largestCount = Int(Int32.max) / 2

  /// How many blocks there is room for; nil for as many as come.
  public let capacity: Int?
  /// Which block leaves when it is full.
  public let eviction: Eviction
  /// What has happened so far.
  public private(set) var counts = Counts()
  /// How many blocks it holds.
  public private(set) var count = 0

  private let most: Int
  private var blocks: [Block] = []
  private var free: Int32 = -1
  private var head: Int32 = -1
  private var tail: Int32 = -1
  /// Slots by content, by linear probing; -1 is empty. At most half full.
  private var table: [Int32] = Array(repeating: -1, count: 16)
  private var shift: UInt64 = 60

  /// An empty store; a capacity below 0 counts as 0.
  public init(capacity: Int?, eviction: Eviction = .leastRecent) {
    self.capacity = capacity.map { max($0, 0) }
    self.eviction = eviction
    most = min(max(capacity ?? .max, 0), Self.largestCount)
  }

  /// Whether a content is there; counts nothing and uses nothing.
  public func contains(_ content: UInt64) -> Bool { table[find(content)] >= 0 }

  /// Looks for a content, uses it if it is there, and counts both.
  public mutating func lookUp(_ content: UInt64) -> Bool {
    let isThere = touch(content)
    count(hit: isThere)
    return isThere
  }

  /// Counts a lookup that was done with ``contains(_:)``.
  mutating func count(hit: Bool) {
    counts.lookups += 1
    if hit { counts.hits += 1 }
  }

  /// Uses a content; returns whether it is there.
  @discardableResult
  public mutating func touch(_ content: UInt64) -> Bool { touch(at: find(content)) }

  /// Uses what is at a place of the table; returns whether anything is.
  private mutating func touch(at position: Int) -> Bool {
    let slot = table[position]
    guard slot >= 0 else { return false }
    if eviction == .leastRecent, slot != tail {
      unlink(slot)
      append(slot)
    }
    return true
  }

  /// Stores a content; returns what had to leave for it.
  ///
  /// One that is there is used. A store without room returns the content itself.
  public mutating func insert(_ content: UInt64) -> UInt64? {
    var position = find(content)
    guard !touch(at: position) else { return nil }
    guard most > 0 else { return content }
    var evicted: UInt64?
    if count == most {
      let oldest = blocks[Int(head)].content
      remove(oldest)
      counts.evictions += 1
      evicted = oldest
      // Its leaving may have moved others.
      position = find(content)
    }
    let slot = takeSlot(content)
    append(slot)
    table[position] = slot
    count += 1
    counts.insertions += 1
    if 2 * count > table.count { grow() }
    return evicted
  }

  /// Removes a content, which is no eviction; returns whether it was there.
  @discardableResult
  public mutating func remove(_ content: UInt64) -> Bool {
    let position = find(content)
    let slot = table[position]
    guard slot >= 0 else { return false }
    unlink(slot)
    blocks[Int(slot)].next = free
    free = slot
    count -= 1
    fillGap(position)
    return true
  }

  /// The contents from the next to be evicted on.
  public var contents: [UInt64] {
    var contents: [UInt64] = []
    contents.reserveCapacity(count)
    var slot = head
    while slot >= 0 {
      contents.append(blocks[Int(slot)].content)
      slot = blocks[Int(slot)].next
    }
    return contents
  }

  // MARK: List

  private mutating func takeSlot(_ content: UInt64) -> Int32 {
    guard free >= 0 else {
      blocks.append(Block(content: content))
      return Int32(truncatingIfNeeded: blocks.count - 1)
    }
    let slot = free
    free = blocks[Int(slot)].next
    blocks[Int(slot)].content = content
    return slot
  }

  private mutating func append(_ slot: Int32) {
    blocks[Int(slot)].previous = tail
    blocks[Int(slot)].next = -1
    if tail >= 0 { blocks[Int(tail)].next = slot } else { head = slot }
    tail = slot
  }

  private mutating func unlink(_ slot: Int32) {
    let (previous, next) = (blocks[Int(slot)].previous, blocks[Int(slot)].next)
    if previous >= 0 { blocks[Int(previous)].next = next } else { head = next }
    if next >= 0 { blocks[Int(next)].previous = previous } else { tail = previous }
  }

  // MARK: Table

  /// Contents may count upwards or differ in their high bits alone: the product's high bits differ.
  private func home(_ content: UInt64) -> Int {
    let mixed = (content ^ content >> 32) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> shift)
  }

  /// Where a content is, or would be.
  private func find(_ content: UInt64) -> Int {
    let mask = table.count - 1
    var position = home(content)
    while table[position] >= 0, blocks[Int(table[position])].content != content {
      position = (position + 1) & mask
    }
    return position
  }

  /// Moves later entries back, so that none is cut off from its place.
  private mutating func fillGap(_ start: Int) {
    let mask = table.count - 1
    var (gap, position) = (start, start)
    while true {
      position = (position + 1) & mask
      let slot = table[position]
      guard slot >= 0 else { break }
      let home = home(blocks[Int(slot)].content)
      if (position - home) & mask >= (position - gap) & mask {
        table[gap] = slot
        gap = position
      }
    }
    table[gap] = -1
  }

  private mutating func grow() {
    table = Array(repeating: -1, count: 2 * table.count)
    shift -= 1
    var slot = head
    while slot >= 0 {
      table[find(blocks[Int(slot)].content)] = slot
      slot = blocks[Int(slot)].next
    }
  }
}
