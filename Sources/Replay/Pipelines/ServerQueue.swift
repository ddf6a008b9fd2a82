/// Work that waits for places, first come, first served: cores of a host, or calls of something external.
///
/// A value that decides and knows no clock. Whoever is in front waits for all the places that it needs; nobody
/// overtakes.
struct ServerQueue {
  private struct Item {
    var task: Int32
    var places: Int
  }

  /// Places in all; `.max` for any number.
  let capacity: Int
  /// Places that are taken.
  private(set) var taken = 0
  private var waiting: [Item] = []
  private var first = 0

  /// Creates a queue with all places free.
  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// How many wait.
  var waitingCount: Int { waiting.count - first }

  /// The places that work gets which asks for so many: more than there are become all.
  func places(_ asked: Int) -> Int { min(max(1, asked), capacity) }

  /// Adds work at the back.
  mutating func enqueue(_ task: Int32, places: Int) {
    waiting.append(Item(task: task, places: self.places(places)))
  }

  /// Starts what is in front, if its places are free; nil if they are not, or nothing waits.
  mutating func start() -> Int32? {
    guard first < waiting.count, waiting[first].places <= capacity - taken else { return nil }
    let item = waiting[first]
    first += 1
    if first > 64, 2 * first > waiting.count {
      waiting.removeFirst(first)
      first = 0
    }
    taken += item.places
    return item.task
  }

  /// Gives back the places of work that has ended.
  mutating func end(places: Int) { taken -= self.places(places) }

  /// Empties the queue, as when its engine fails.
  mutating func removeAll() {
    waiting.removeAll()
    (first, taken) = (0, 0)
  }
}
