/// Hashes of requests' beginnings (see ``RequestTable/chain``), for requests that come and go: pieces of one
/// array, in sizes of powers of two, that are used again when nobody uses them any more.
struct ChainStore {
  /// All hashes.
  private(set) var chain: [UInt64] = []
  private var free: [[Int]] = Array(repeating: [], count: 40)
  /// Of each piece, by where it begins: how many use it, and its size as a power of two.
  private var users: [Int32] = []
  private var levels: [UInt8] = []

  /// A piece for so many hashes, with one user; where it begins.
  mutating func allocate(_ count: Int) -> Int {
    let level = Int.bitWidth - (max(1, count) - 1).leadingZeroBitCount
    if let start = free[level].popLast() {
      users[start] = 1
      return start
    }
    let start = chain.count
    // Not as collections, which would not be specialised.
    for _ in 0..<1 << level {
      chain.append(0)
      users.append(0)
      levels.append(0)
    }
    users[start] = 1
    levels[start] = UInt8(level)
    return start
  }

  /// Adds a user to a piece; -1 is none.
  mutating func retain(_ start: Int) {
    if start >= 0 { users[start] += 1 }
  }

  /// Takes a user away from a piece; -1 is none.
  mutating func release(_ start: Int) {
    guard start >= 0 else { return }
    users[start] -= 1
    if users[start] == 0 { free[Int(levels[start])].append(start) }
  }

  /// Whether nobody uses any piece.
  var isFree: Bool { !users.contains { $0 > 0 } }

  /// One hash.
  subscript(index: Int) -> UInt64 {
    get { chain[index] }
    set { chain[index] = newValue }
  }
}
