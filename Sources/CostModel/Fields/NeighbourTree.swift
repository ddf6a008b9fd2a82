/// Places in order of nearness to any other, by the sum of weighted distances along coordinates.
///
/// A k-d tree over halves (Bentley, 1975): each node splits its places at the middle of their widest
/// coordinate, so that a search looks at little more than what it returns. Equal coordinates may lie on
/// both sides of a split. The places of a leaf are kept eight at a time, coordinate by coordinate.
struct NeighbourTree: Sendable {
  private struct Node: Sendable {
    /// Of a leaf the range of `blocks`.
    var low: Int32
    var high: Int32
    var split: Float = 0
    /// The place in `coordinates` of that which is split; negative for a leaf.
    var coordinate: Int32 = -1
    var left: Int32 = -1
    var right: Int32 = -1
  }

  /// The coordinates that count, and what a distance along each does, in the order in which distances
  /// along them are summed: those of each ``sums`` one after the other.
  private let coordinates: [(index: Int, weight: Float)]
  /// Where the coordinates of each of four partial sums end.
  private let sums: [Int]
  /// The indices of places, eight to a block; at the end of a leaf -1.
  private var order: [Int32] = []
  /// The weighted coordinates of each block's places.
  private var blocks: [Lanes] = []
  private var nodes: [Node] = []

  private static let leaf = 24

  /// Creates a tree.
  ///
  /// - Parameter weights: what a distance of one along each coordinate counts.
  /// - Complexity: O(*n* · log *n*).
  init(_ places: [FieldPlace], weights: FieldPlace) {
    // A balanced sum rounds less, and equally far places stay so more often.
    let groups = (0..<4).map { rest in
      [0, 8, 4, 12].map { $0 + rest }.filter { weights[$0] != 0 }.map { ($0, weights[$0]) }
    }
    coordinates = groups.flatMap { $0 }
    sums = groups.reduce(into: []) { $0.append(($0.last ?? 0) + $1.count) }
    guard !places.isEmpty else { return }
    // Coordinate by coordinate, as they are looked through.
    var columns = coordinates.map { index, weight in places.map { $0[index] * weight } }
    var members = places.indices.map { Int32($0) }
    var keys = [Float](repeating: 0, count: places.count)
    order.reserveCapacity(places.count * 5 / 4)
    build(0, places.count, &members, &keys, &columns)
  }

  /// - Parameter keys: room for a coordinate of each of the members.
  private mutating func build(
    _ low: Int, _ high: Int, _ members: inout [Int32], _ keys: inout [Float],
    _ columns: inout [[Float]]
  ) {
    let index = nodes.count
    nodes.append(Node(low: 0, high: 0))
    let widest = high - low > Self.leaf ? widest(members[low..<high], columns) : nil
    guard let widest else {
      addLeaf(index, members[low..<high], columns)
      return
    }
    let column = columns[widest]
    for slot in low..<high { keys[slot] = column[Int(members[slot])] }
    let middle = (low + high) / 2
    keys.withUnsafeMutableBufferPointer { keys in
      members.withUnsafeMutableBufferPointer { members in
        select(middle, in: low..<high, of: keys) { members.swapAt($0, $1) }
      }
    }
    nodes[index].coordinate = Int32(widest)
    nodes[index].split = keys[middle]
    nodes[index].left = Int32(nodes.count)
    build(low, middle, &members, &keys, &columns)
    nodes[index].right = Int32(nodes.count)
    build(middle, high, &members, &keys, &columns)
  }

  /// The coordinate along which places lie farthest apart, the first of several; nil where they are all
  /// one.
  private func widest(_ members: ArraySlice<Int32>, _ columns: [[Float]]) -> Int? {
    var (best, widest) = (0 as Float, nil as Int?)
    for (index, column) in columns.enumerated() {
      var (least, most) = (Float.infinity, -Float.infinity)
      for member in members {
        let value = column[Int(member)]
        least = value < least ? value : least
        most = value > most ? value : most
      }
      let isFirst = widest.map { coordinates[index].index < coordinates[$0].index } ?? true
      if most - least > best || (most - least == best && best > 0 && isFirst) {
        (best, widest) = (most - least, index)
      }
    }
    return widest
  }

  private mutating func addLeaf(
    _ index: Int, _ members: ArraySlice<Int32>, _ columns: [[Float]]
  ) {
    nodes[index].low = Int32(order.count / 8)
    var start = members.startIndex
    while start < members.endIndex {
      let eight = members[start..<min(start + 8, members.endIndex)]
      order.append(contentsOf: eight)
      for column in columns {
        // Infinitely far where there is none.
        var lanes = Lanes(repeating: .infinity)
        for (lane, member) in eight.enumerated() { lanes[lane] = column[Int(member)] }
        blocks.append(lanes)
      }
      while order.count % 8 != 0 { order.append(-1) }
      start += 8
    }
    nodes[index].high = Int32(order.count / 8)
  }

  /// The nearest places, at most `count`, in no order; `excluded` is left out.
  func nearest(_ count: Int, to place: FieldPlace, excluding excluded: Int = -1) -> [Int] {
    guard !nodes.isEmpty, count > 0 else { return [] }
    return withUnsafeTemporaryAllocation(of: Nearest.Found.self, capacity: count) {
      var found = Nearest($0)
      return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * coordinates.count) {
        let (wanted, gaps) = (
          UnsafeMutableBufferPointer(rebasing: $0[..<coordinates.count]),
          UnsafeMutableBufferPointer(rebasing: $0[coordinates.count...])
        )
        for (slot, (index, weight)) in coordinates.enumerated() {
          wanted[slot] = place[index] * weight
          gaps[slot] = 0
        }
        search(0, wanted, Int32(excluded), gaps, &found)
        return found.places
      }
    }
  }

  /// - Parameter gaps: how far the node's region is at least from the place along each coordinate.
  private func search(
    _ index: Int, _ place: UnsafeMutableBufferPointer<Float>, _ excluded: Int32,
    _ gaps: UnsafeMutableBufferPointer<Float>, _ found: inout Nearest
  ) {
    let node = nodes[index]
    guard node.coordinate >= 0 else {
      for block in Int(node.low)..<Int(node.high) {
        let distance = distance(of: block, to: place)
        guard least(distance) < found.limit else { continue }
        for lane in 0..<8 where distance[lane] < found.limit {
          let candidate = order[8 * block + lane]
          if candidate >= 0, candidate != excluded { found.insert(candidate, distance[lane]) }
        }
      }
      return
    }
    let slot = Int(node.coordinate)
    let offset = place[slot] - node.split
    let (near, far) = offset < 0 ? (node.left, node.right) : (node.right, node.left)
    search(Int(near), place, excluded, gaps, &found)
    let before = gaps[slot]
    gaps[slot] = abs(offset)
    if gaps.reduce(0, +) < found.limit { search(Int(far), place, excluded, gaps, &found) }
    gaps[slot] = before
  }

  @inline(__always)
  private func distance(
    of block: Int, to place: UnsafeMutableBufferPointer<Float>
  ) -> Lanes {
    let start = block * place.count
    func sum(_ first: Int, _ end: Int) -> Lanes {
      var sum = Lanes.zero
      for slot in first..<end { sum += magnitude(blocks[start + slot] - place[slot]) }
      return sum
    }
    return (sum(0, sums[0]) + sum(sums[1], sums[2]))
      + (sum(sums[0], sums[1]) + sum(sums[2], sums[3]))
  }
}

/// The nearest places found so far: a heap whose root is the farthest.
private struct Nearest {
  struct Found {
    var distance: Float
    var place: Int32
  }

  private let heap: UnsafeMutableBufferPointer<Found>
  private var count = 0
  /// Only what is nearer than this is of interest.
  private(set) var limit = Float.infinity

  /// - Parameter heap: room for as many as are wanted.
  init(_ heap: UnsafeMutableBufferPointer<Found>) { self.heap = heap }

  var places: [Int] { heap[..<count].map { Int($0.place) } }

  mutating func insert(_ place: Int32, _ distance: Float) {
    let found = Found(distance: distance, place: place)
    if count < heap.count {
      var child = count
      count += 1
      while child > 0, heap[(child - 1) / 2].distance < distance {
        heap[child] = heap[(child - 1) / 2]
        child = (child - 1) / 2
      }
      heap[child] = found
    } else {
      // From the root down along the larger children; without a branch that cannot be foretold.
      var (parent, child) = (0, 1)
      while child < count {
        let sibling = min(child + 1, count - 1)
        child = heap[sibling].distance > heap[child].distance ? sibling : child
        guard heap[child].distance > distance else { break }
        heap[parent] = heap[child]
        parent = child
        child = 2 * parent + 1
      }
      heap[parent] = found
    }
    if count == heap.count { limit = heap[0].distance }
  }
}

/// Reorders a range of keys so that none before `middle` is larger, and none behind it smaller, than its
/// own (Hoare's quickselect, 1961).
///
/// - Parameter swap: exchanges two places of what goes along with the keys.
@inline(__always)
func select<Key: Comparable>(
  _ middle: Int, in range: Range<Int>, of keys: UnsafeMutableBufferPointer<Key>,
  swap: (Int, Int) -> Void = { _, _ in }
) {
  var (low, high) = (range.lowerBound, range.upperBound - 1)
  while low < high {
    let (a, b, c) = (keys[low], keys[(low + high) / 2], keys[high])
    let pivot = max(min(a, b), min(max(a, b), c))
    var (left, right) = (low, high)
    while left <= right {
      while keys[left] < pivot { left += 1 }
      while keys[right] > pivot { right -= 1 }
      if left <= right {
        keys.swapAt(left, right)
        swap(left, right)
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
