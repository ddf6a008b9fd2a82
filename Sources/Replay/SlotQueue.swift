/// A queue of slots that grows as needed: waiting requests join at the back, preempted ones at
/// the front. A ring of 32-bit numbers.
struct SlotQueue {
  private var ring: [Int32] = Array(repeating: 0, count: 16)
  private var start = 0
  private(set) var count = 0

  /// Whether nothing waits.
  var isEmpty: Bool { count == 0 }

  /// The slot at the front, or nil.
  var first: Int32? { count == 0 ? nil : ring[start] }

  /// The slot at a position from the front.
  subscript(position: Int) -> Int32 { ring[(start + position) & (ring.count - 1)] }

  /// Adds a slot at the back.
  mutating func append(_ slot: Int32) {
    growIfFull()
    ring[(start + count) & (ring.count - 1)] = slot
    count += 1
  }

  /// Adds a slot at the front.
  mutating func prepend(_ slot: Int32) {
    growIfFull()
    start = (start - 1) & (ring.count - 1)
    ring[start] = slot
    count += 1
  }

  /// Removes the slot at the front, if there is one.
  mutating func removeFirst() {
    guard count > 0 else { return }
    start = (start + 1) & (ring.count - 1)
    count -= 1
  }

  /// Puts a slot at a place; those from there on move back by one.
  ///
  /// - Complexity: O(distance to the nearer end).
  mutating func insert(_ slot: Int32, at place: Int) {
    if place < count - place {
      prepend(slot)
      for position in 0..<place { swapAt(position) }
    } else {
      append(slot)
      for position in stride(from: count - 2, through: place, by: -1) { swapAt(position) }
    }
  }

  /// Removes the slot at a place.
  ///
  /// - Complexity: O(distance to the nearer end).
  mutating func remove(at place: Int) {
    if place < count - place {
      for position in stride(from: place - 1, through: 0, by: -1) { swapAt(position) }
      removeFirst()
    } else {
      for position in place..<(count - 1) { swapAt(position) }
      count -= 1
    }
  }

  /// Exchanges the slots at a place and after it.
  private mutating func swapAt(_ place: Int) {
    let mask = ring.count - 1
    ring.swapAt((start + place) & mask, (start + place + 1) & mask)
  }

  private mutating func growIfFull() {
    guard count == ring.count else { return }
    var larger = Array(repeating: Int32(0), count: 2 * ring.count)
    for position in 0..<count { larger[position] = self[position] }
    ring = larger
    start = 0
  }
}
