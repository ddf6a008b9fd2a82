/// Searches of one engine that are served together: batches that have not begun.
///
/// A value that decides and knows no clock. A batch gathers until it is full or its first search has waited as long as
/// it may; then it stands in the engine's ``ServerQueue``, and still takes searches while it waits there. Searches are
/// known by the numbers of their ``Work``, batches by that of their first.
struct SearchBatches {
  private struct Batch {
    let first: Int32
    /// What is searched: only like searches share a batch.
    let search: Int
    let most: Int
    var count = 1
    /// Whether it stands in the engine's queue.
    var isQueued = false
  }

  /// What became of a search that came.
  enum Entry: Equatable {
    /// It is the first of a batch that gathers.
    case opened
    /// It belongs to a batch now.
    case joined(first: Int32)
    /// It belongs to a batch now, which is full and goes to the engine's queue.
    case filled(first: Int32)
  }

  private var batches: [Batch] = []

  /// Searches that wait beside those that the engine's queue counts, which are one a batch.
  var waitingBeside: Int { batches.reduce(0) { $0 + $1.count - ($1.isQueued ? 1 : 0) } }

  /// Takes a search in.
  ///
  /// - Parameters:
  ///   - work: The search's number.
  ///   - search: What is searched.
  ///   - most: Searches of a batch, at least 2.
  /// - Complexity: O(batches that have not begun).
  mutating func add(_ work: Int32, to search: Int, most: Int) -> Entry {
    guard let index = batches.firstIndex(where: { $0.search == search && $0.count < $0.most })
    else {
      batches.append(Batch(first: work, search: search, most: most))
      return .opened
    }
    batches[index].count += 1
    let batch = batches[index]
    guard batch.count == batch.most, !batch.isQueued else { return .joined(first: batch.first) }
    batches[index].isQueued = true
    return .filled(first: batch.first)
  }

  /// Ends a batch's gathering, as its first search has waited long enough: whether it goes to the engine's queue, and
  /// does not stand there already.
  mutating func endGathering(_ first: Int32) -> Bool {
    guard let index = batches.firstIndex(where: { $0.first == first }), !batches[index].isQueued
    else { return false }
    batches[index].isQueued = true
    return true
  }

  /// Lets a batch begin: it takes no further searches.
  mutating func begin(_ first: Int32) { batches.removeAll { $0.first == first } }

  /// Forgets all of them, as when the engine fails.
  mutating func removeAll() { batches.removeAll() }
}
