import HeapModule

/// The running requests that advance by one token in every step.
///
/// A step touches none of them but those for which something happens: a member needs a new block
/// every `blockSize` steps, always at the same remainder of the step's number, and its last step
/// is known when it joins. So members lie in one bucket for each remainder, in the order of
/// admission, and in a heap by their last step; sums over contexts follow from the step's number.
///
/// - Complexity: A step costs O(members that need a block or finish); joining and leaving
///   O(bucket + log n), and O(n) if the longest member leaves.
struct DecodeSet {
  /// A member, in its bucket.
  struct Member {
    /// See ``Resident/order``.
    var order: Int64
    /// See ``Resident/offset``.
    var offset: Int
    /// Its slot.
    var slot: Int32
    /// Whether blocks that it fills get names that others look for.
    var isShared: Bool
  }

  /// A member's last step. Entries of members that left are recognised and skipped on pop.
  struct Finish: Comparable {
    var step: Int
    var order: Int64
    var slot: Int32

    static func < (left: Self, right: Self) -> Bool {
      left.step != right.step ? left.step < right.step : left.order < right.order
    }
  }

  private(set) var buckets: [[Member]]
  private(set) var count = 0
  private(set) var offsetSum = 0
  /// How many members are shared.
  private(set) var sharedCount = 0
  private var finishes = Heap<Finish>()
  private var longestOffset = Int.min
  private var longestIsStale = false
  private let blockSize: Int

  /// Creates an empty set for blocks of this size.
  init(blockSize: Int) {
    self.blockSize = blockSize
    buckets = Array(repeating: [], count: blockSize)
  }

  /// The bucket of the members that need a block in this step.
  func bucket(of step: Int) -> Int { step % blockSize }

  /// Adds a member that decodes from the next step on.
  mutating func insert(
    _ slot: Int32, order: Int64, offset: Int, finishStep: Int, isShared: Bool = false
  ) {
    let bucket = bucket(offset: offset)
    let position = position(of: order, in: bucket)
    buckets[bucket].insert(
      Member(order: order, offset: offset, slot: slot, isShared: isShared), at: position)
    sharedCount += isShared ? 1 : 0
    finishes.insert(Finish(step: finishStep, order: order, slot: slot))
    count += 1
    offsetSum += offset
    if !longestIsStale { longestOffset = max(longestOffset, offset) }
  }

  /// Removes a member.
  mutating func remove(order: Int64, offset: Int) {
    let bucket = bucket(offset: offset)
    let member = buckets[bucket].remove(at: position(of: order, in: bucket))
    sharedCount -= member.isShared ? 1 : 0
    count -= 1
    offsetSum -= offset
    if offset == longestOffset { longestIsStale = true }
  }

  /// The largest ``Resident/offset`` of a member; meaningless in an empty set.
  mutating func longest() -> Int {
    guard longestIsStale else { return longestOffset }
    longestOffset = Int.min
    for bucket in buckets {
      for member in bucket { longestOffset = max(longestOffset, member.offset) }
    }
    longestIsStale = false
    return longestOffset
  }

  /// The earliest last step, perhaps of a member that has left.
  var firstFinish: Finish? { finishes.min }

  /// Removes the earliest last step from the heap.
  mutating func dropFirstFinish() { _ = finishes.popMin() }

  /// Forgets all members, at no other change.
  mutating func removeAll() {
    for index in buckets.indices { buckets[index].removeAll(keepingCapacity: true) }
    finishes = Heap()
    (count, offsetSum, sharedCount) = (0, 0, 0)
    (longestOffset, longestIsStale) = (Int.min, false)
  }

  /// A member needs a block in those steps in which its stored tokens fill whole blocks.
  private func bucket(offset: Int) -> Int {
    let remainder = offset % blockSize
    return remainder > 0 ? blockSize - remainder : -remainder
  }

  private func position(of order: Int64, in bucket: Int) -> Int {
    var (low, high) = (0, buckets[bucket].count)
    while low < high {
      let middle = (low + high) / 2
      if buckets[bucket][middle].order < order { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
