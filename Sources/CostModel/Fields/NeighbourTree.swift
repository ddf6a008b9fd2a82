/// Places in order of nearness to any other, by the sum of weighted distances along coordinates.
///
/// A k-d tree over halves (Bentley, 1975): each node splits its places at the middle of their widest
/// coordinate, so that a search looks at little more than what it returns. Equal coordinates may lie on
/// both sides of a split.
struct NeighbourTree: Sendable {
  private struct Node: Sendable {
    /// The range of `order` below this node.
    var low: Int
    var high: Int
    var coordinate = -1
    var split: Float = 0
    var left = -1
    var right = -1
  }

  private let places: [FieldPlace]
  private let weights: FieldPlace
  private var order: [Int]
  private var nodes: [Node] = []

  private static let leaf = 24

  /// Creates a tree.
  ///
  /// - Parameter weights: what a distance of one along each coordinate counts.
  /// - Complexity: O(*n* · log *n*).
  init(_ places: [FieldPlace], weights: FieldPlace) {
    self.places = places.map { $0 * weights }
    self.weights = weights
    self.order = Array(places.indices)
    var keys = [Float](repeating: 0, count: places.count)
    if !places.isEmpty { build(0, places.count, &keys) }
  }

  /// - Parameter keys: room for a coordinate of each place of `order`.
  private mutating func build(_ low: Int, _ high: Int, _ keys: inout [Float]) {
    let index = nodes.count
    nodes.append(Node(low: low, high: high))
    guard high - low > Self.leaf else { return }
    var (least, most) = (places[order[low]], places[order[low]])
    for place in order[low..<high] {
      let place = places[place]
      least.replace(with: place, where: place .< least)
      most.replace(with: place, where: place .> most)
    }
    let extent = most - least
    let coordinate = (0..<16).max { extent[$0] < extent[$1] } ?? 0
    guard extent[coordinate] > 0 else { return }
    for slot in low..<high { keys[slot] = places[order[slot]][coordinate] }
    let middle = (low + high) / 2
    select(middle, low, high, &keys)
    nodes[index].coordinate = coordinate
    nodes[index].split = keys[middle]
    nodes[index].left = nodes.count
    build(low, middle, &keys)
    nodes[index].right = nodes.count
    build(middle, high, &keys)
  }

  /// Reorders a range so that no key before `middle` is larger, and none behind it smaller, than its
  /// own (Hoare's quickselect, 1961).
  private mutating func select(_ middle: Int, _ low: Int, _ high: Int, _ keys: inout [Float]) {
    var (low, high) = (low, high - 1)
    while low < high {
      let (a, b, c) = (keys[low], keys[(low + high) / 2], keys[high])
      let pivot = max(min(a, b), min(max(a, b), c))
      var (left, right) = (low, high)
      while left <= right {
        while keys[left] < pivot { left += 1 }
        while keys[right] > pivot { right -= 1 }
        if left <= right {
          keys.swapAt(left, right)
          order.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if middle <= right {
        high = right
      } else if middle >= left {
        low = left
      } else {
        return
      }
    }
  }

  /// The nearest places, at most `count`, in no order; `excluded` is left out.
  func nearest(_ count: Int, to place: FieldPlace, excluding excluded: Int = -1) -> [Int] {
    guard !nodes.isEmpty, count > 0 else { return [] }
    var found = Nearest(capacity: count)
    search(0, place * weights, excluded, 0, .zero, &found)
    return found.places
  }

  /// - Parameters:
  ///   - gap: how far the node's region is at least from the place.
  ///   - gaps: the same along each coordinate.
  private func search(
    _ index: Int, _ place: FieldPlace, _ excluded: Int, _ gap: Float, _ gaps: FieldPlace,
    _ found: inout Nearest
  ) {
    let node = nodes[index]
    guard node.coordinate >= 0 else {
      for candidate in order[node.low..<node.high] where candidate != excluded {
        let distance = places[candidate].distances(to: place).total
        if distance < found.limit { found.insert(candidate, distance) }
      }
      return
    }
    let offset = place[node.coordinate] - node.split
    let (near, far) = offset < 0 ? (node.left, node.right) : (node.right, node.left)
    search(near, place, excluded, gap, gaps, &found)
    let farGap = gap - gaps[node.coordinate] + abs(offset)
    if farGap < found.limit {
      var farGaps = gaps
      farGaps[node.coordinate] = abs(offset)
      search(far, place, excluded, farGap, farGaps, &found)
    }
  }
}

/// The nearest places found so far: a heap whose root is the farthest.
private struct Nearest {
  private var heap: [(distance: Float, place: Int)] = []
  private let capacity: Int
  /// Only what is nearer than this is of interest.
  private(set) var limit = Float.infinity

  init(capacity: Int) {
    self.capacity = capacity
    heap.reserveCapacity(capacity)
  }

  var places: [Int] { heap.map(\.place) }

  mutating func insert(_ place: Int, _ distance: Float) {
    if heap.count < capacity {
      heap.append((distance, place))
      var child = heap.count - 1
      while child > 0, heap[(child - 1) / 2].distance < heap[child].distance {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    } else {
      heap[0] = (distance, place)
      var parent = 0
      while true {
        var largest = 2 * parent + 1
        guard largest < heap.count else { break }
        if largest + 1 < heap.count, heap[largest + 1].distance > heap[largest].distance {
          largest += 1
        }
        guard heap[largest].distance > heap[parent].distance else { break }
        heap.swapAt(parent, largest)
        parent = largest
      }
    }
    if heap.count == capacity { limit = heap[0].distance }
  }
}
