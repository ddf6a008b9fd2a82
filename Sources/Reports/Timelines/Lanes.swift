import HeapModule
import Operators

/// Gives intervals the lowest lane in which nothing overlaps them.
///
/// Intervals must come in order of their start; one may begin where another ends.
/// - Complexity: O(log n) an interval.
struct Lanes {
  private var busy = Heap<Pair>()
  private var free = Heap<Int>()
  /// How many lanes there are so far.
  private(set) var count = 0

  private struct Pair: Comparable {
    var end: Nanoseconds
    var lane: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.end, left.lane) < (right.end, right.lane)
    }
  }

  /// The lane of the next interval.
  mutating func lane(from start: Nanoseconds, to end: Nanoseconds) -> Int {
    while let first = busy.min, first.end <= start {
      busy.removeMin()
      free.insert(first.lane)
    }
    let lane: Int
    if let lowest = free.popMin() {
      lane = lowest
    } else {
      lane = count
      count += 1
    }
    // An interval without length still keeps its lane for its instant.
    busy.insert(Pair(end: max(end, start + Nanoseconds(1)), lane: lane))
    return lane
  }
}
