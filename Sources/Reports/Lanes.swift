import Operators

/// Gives intervals the lowest lane in which nothing overlaps them.
///
/// Intervals must come in order of their start; one may begin where another ends.
/// - Complexity: O(log n) an interval.
struct Lanes {
  private var busy = MinimumHeap<Pair>()
  private var free = MinimumHeap<Int>()
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
    while let first = busy.first, first.end <= start {
      _ = busy.popFirst()
      free.insert(first.lane)
    }
    let lane: Int
    if let lowest = free.popFirst() {
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

/// A binary heap with its smallest element in front.
struct MinimumHeap<Element: Comparable> {
  private var elements: [Element] = []

  var first: Element? { elements.first }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard elements[child] < elements[parent] else { return }
      elements.swapAt(child, parent)
      child = parent
    }
  }

  mutating func popFirst() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let first = elements.first else { return last }
    elements[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < elements.count else { return first }
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < elements[parent] else { return first }
      elements.swapAt(child, parent)
      parent = child
    }
  }
}
