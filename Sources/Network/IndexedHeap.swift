/// A binary heap of numbered items by a key, where each item's place is known, so that it can be
/// removed from the middle.
///
/// Places lie in an array of the owner's, by item: many heaps share one where an item is in one of
/// them at a time. A heap of the library has no such places, and what a network cancels would have to
/// stay in it.
///
/// - Complexity: O(log n) for each change, O(1) for the least.
struct IndexedHeap<Key: Comparable & Sendable>: Sendable {
  typealias Entry = (key: Key, item: Int32)

  private(set) var entries: [Entry] = []

  var count: Int { entries.count }

  /// The entry with the least key, or nil.
  var least: Entry? { entries.first }

  /// Adds an item that is not in the heap.
  mutating func insert(_ item: Int32, _ key: Key, _ places: inout [Int32]) {
    entries.append((key, item))
    siftUp(entries.count - 1, (key, item), &places)
  }

  /// Removes an item that is in the heap.
  mutating func remove(_ item: Int32, _ places: inout [Int32]) {
    let place = Int(places[Int(item)])
    let last = entries.removeLast()
    guard place < entries.count else { return }
    settle(place, last, &places)
  }

  /// Gives an item that is in the heap another key.
  mutating func update(_ item: Int32, _ key: Key, _ places: inout [Int32]) {
    settle(Int(places[Int(item)]), (key, item), &places)
  }

  /// Puts an entry near a place that is free.
  private mutating func settle(_ place: Int, _ entry: Entry, _ places: inout [Int32]) {
    if place > 0, entry.key < entries[(place - 1) / 2].key {
      siftUp(place, entry, &places)
    } else {
      siftDown(place, entry, &places)
    }
  }

  private mutating func siftUp(_ start: Int, _ entry: Entry, _ places: inout [Int32]) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard entry.key < entries[parent].key else { break }
      put(entries[parent], place, &places)
      place = parent
    }
    put(entry, place, &places)
  }

  private mutating func siftDown(_ start: Int, _ entry: Entry, _ places: inout [Int32]) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < entries.count else { break }
      if child + 1 < entries.count, entries[child + 1].key < entries[child].key { child += 1 }
      guard entries[child].key < entry.key else { break }
      put(entries[child], place, &places)
      place = child
    }
    put(entry, place, &places)
  }

  private mutating func put(_ entry: Entry, _ place: Int, _ places: inout [Int32]) {
    entries[place] = entry
    places[Int(entry.item)] = Int32(truncatingIfNeeded: place)
  }
}

extension IndexedHeap where Key == Double {
  /// Lowers all keys by the same amount, which keeps their order.
  mutating func lower(by amount: Double) {
    for place in entries.indices { entries[place].key -= amount }
  }
}
