@preconcurrency import Foundation
import Synchronization

/// SIGINT as a wish: the first asks long work to end with what it has, the second ends the process.
enum Interruption {
  private static let isWished = Atomic<Bool>(false)

  /// The exit code of a command that ended so: 128 and the signal's number, as shells have it.
  static let exitCode: Int32 = 130

  /// Whether SIGINT came since ``catching(_:)`` began.
  static var isRequested: Bool { isWished.load(ordering: .relaxed) }

  /// Runs work that asks ``isRequested`` now and then.
  static func catching<Result>(_ work: () throws -> Result) rethrows -> Result {
    isWished.store(false, ordering: .relaxed)
    let earlier = signal(SIGINT) { number in
      Interruption.isWished.store(true, ordering: .relaxed)
      // Only what a signal handler may call: the next one ends the process.
      signal(number, SIG_DFL)
    }
    defer { signal(SIGINT, earlier) }
    // Who is started from a thread that blocks the signal would never see it.
    var wished = sigset_t()
    sigemptyset(&wished)
    sigaddset(&wished, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &wished, nil)
    return try work()
  }
}

/// Runs independent work on up to so many threads; results come in the order of their numbers.
func onThreads<Result: Sendable>(
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

/// Processor time of this thread so far, in seconds.
func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
