import Operators
import Scenarios

/// Searches of several requests that an engine serves as one.
///
/// A batch is its first search's ``Work``, to which the others are linked; it takes the places of one search.
extension PipelineFleet {
  /// Takes a search in that may share a batch.
  ///
  /// - Parameters:
  ///   - search: The stage's number among all that search; see ``CompiledPipeline/Part/searchNumber``.
  mutating func gather(_ task: Int, _ retrieval: Retrieval, _ search: Int, at time: Int64) {
    let engine = Int(tasks[task].engine)
    let place = engines[engine].place
    let work = makeWork(task, places: queues[place].places(retrieval.threads))
    switch batches[place].add(work, to: search, most: retrieval.maxBatch) {
    case .opened:
      let due = Nanoseconds(time) + Nanoseconds(rounding: 1e3 * retrieval.maxWait)
      foresee(.gathered, Int(work), at: due.rawValue, tag: works[Int(work)].serial)
    case .joined(let first): link(work, to: first)
    case .filled(let first):
      link(work, to: first)
      enqueueBatch(first, at: time)
    }
  }

  private mutating func link(_ work: Int32, to first: Int32) {
    works[Int(works[Int(first)].last)].next = work
    works[Int(first)].last = work
  }

  /// Has a batch wait no longer for further searches.
  mutating func endGathering(_ first: Int, at time: Int64) {
    let place = engines[Int(works[first].engine)].place
    if batches[place].endGathering(Int32(first)) { enqueueBatch(Int32(first), at: time) }
  }

  private mutating func enqueueBatch(_ first: Int32, at time: Int64) {
    let work = works[Int(first)]
    queues[engines[Int(work.engine)].place].enqueue(first, places: Int(work.places))
    startWork(on: Int(work.engine), at: time)
  }

  /// Notes that work begins, with all that is linked to it.
  ///
  /// - Returns: for how many tasks; 0 if nobody waits for any.
  mutating func noteStart(_ first: Int32, at time: Int64) -> Int {
    var (count, number) = (0, first)
    while number >= 0 {
      if isCurrent(number) {
        let task = Int(works[Int(number)].task)
        tasks[task].phase = .running
        tasks[task].started = time
        count += 1
      }
      number = works[Int(number)].next
    }
    return count
  }

  /// Lets work go with all that is linked to it, and ends the tasks that wait for it, if it was served.
  mutating func end(_ first: Int32, isServed: Bool, at time: Int64) {
    var number = first
    while number >= 0 {
      let (task, isCurrent) = (Int(works[Int(number)].task), isCurrent(number))
      let next = works[Int(number)].next
      freeWork(number)
      if isServed, isCurrent { complete(task, at: time) }
      number = next
    }
  }
}
