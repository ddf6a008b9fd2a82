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

/// Processor time of this thread so far, in seconds.
func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
