import Dispatch
import Synchronization

/// Runs independent work on up to so many threads; results come in the order of their numbers.
package func onThreads<Result: Sendable>(
  _ threads: Int, count: Int, _ work: @Sendable (Int) -> Result
) -> [Result] {
  guard threads > 1, count > 1 else { return (0..<count).map(work) }
  let results = Mutex([Result?](repeating: nil, count: count))
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
    while true {
      let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard number < count else { return }
      let result = work(number)
      results.withLock { $0[number] = result }
    }
  }
  return results.withLock { $0.compactMap(\.self) }
}
