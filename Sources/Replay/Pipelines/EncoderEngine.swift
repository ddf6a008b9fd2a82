import CostModel
import Operators

/// An engine that computes whole sequences in batches, first come, first served.
///
/// A value that decides and knows no clock: ``begin(_:)`` says what the next pass computes, ``end(_:)`` which
/// requests are done with it. A request of several sequences may be spread over several passes.
struct EncoderEngine {
  private struct Item {
    var task: Int32
    var tokens: Int
    /// Sequences in all.
    let count: Int
    /// Sequences that no pass has taken.
    var waiting: Int
    /// Sequences that have not been computed.
    var left: Int
  }

  let maxBatch: Int
  let maxTokens: Int
  private var items: [Item] = []
  /// The first of ``items`` that is not done.
  private var first = 0
  /// How many sequences of each item the pass in flight computes, from `first` on.
  private var flight: [Int] = []

  /// Whether a pass is in flight.
  var isBusy: Bool { !flight.isEmpty }

  /// Requests of which no pass has taken a sequence.
  var waitingCount: Int {
    items[first...].reduce(0) { $0 + ($1.waiting == $1.count ? 1 : 0) }
  }

  /// Creates an idle engine.
  init(maxBatch: Int, maxTokens: Int) {
    self.maxBatch = max(1, maxBatch)
    self.maxTokens = max(1, maxTokens)
  }

  /// Adds a request at the back of the queue.
  mutating func enqueue(_ task: Int32, sequences: Int, tokens: Int) {
    let count = max(1, sequences)
    items.append(
      Item(task: task, tokens: max(1, tokens), count: count, waiting: count, left: count))
  }

  /// Takes the next batch: what it computes, or nil if nothing waits or a pass is in flight.
  ///
  /// - Parameter started: Gets the requests of which this pass takes the first sequence.
  mutating func begin(_ started: inout [Int32]) -> StepShape? {
    guard flight.isEmpty, first < items.count else { return nil }
    var shape = StepShape()
    var (room, tokens) = (maxBatch, maxTokens)
    var index = first
    while index < items.count, room > 0 {
      let fitting = max(tokens / items[index].tokens, shape.prefillSequences == 0 ? 1 : 0)
      let count = min(items[index].waiting, room, fitting)
      guard count > 0 else { break }
      if items[index].waiting == items[index].count { started.append(items[index].task) }
      for _ in 0..<count {
        shape.addPrefill(tokens: items[index].tokens, past: 0, samples: false)
      }
      items[index].waiting -= count
      flight.append(count)
      room -= count
      tokens -= count * items[index].tokens
      // What did not fit goes first in the next pass; nobody overtakes.
      guard items[index].waiting == 0 else { break }
      index += 1
    }
    return shape
  }

  /// Ends the pass in flight.
  ///
  /// - Parameter done: Gets the requests all of whose sequences are computed, in the order of their coming.
  mutating func end(_ done: inout [Int32]) {
    for (place, count) in flight.enumerated() {
      items[first + place].left -= count
      if items[first + place].left == 0 { done.append(items[first + place].task) }
    }
    flight.removeAll(keepingCapacity: true)
    while first < items.count, items[first].left == 0 { first += 1 }
    if first > 64, 2 * first > items.count {
      items.removeFirst(first)
      first = 0
    }
  }

  /// Empties the engine, as when it fails: the requests that were there, in the order of their coming.
  @discardableResult
  mutating func drain() -> [Int32] {
    defer {
      items.removeAll()
      flight.removeAll()
      first = 0
    }
    return items[first...].filter { $0.left > 0 }.map(\.task)
  }
}
