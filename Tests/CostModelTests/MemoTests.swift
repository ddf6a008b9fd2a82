import Synchronization
import Testing

@testable import CostModel

@Suite struct MemoTests {
  @Test func `What many threads ask for at once is made once, and each gets it`() {
    let memo = Memo<Int, Int>()
    let made = Mutex<[Int]>([])
    let found = onThreads(8, count: 200) { number in
      memo.value(for: number % 5) {
        made.withLock { $0.append(number % 5) }
        // Long enough for others to come.
        return (0..<20_000).reduce(number % 5) { $0 ^ ($1 & 1) }
      }
    }
    #expect(made.withLock { $0.sorted() } == [0, 1, 2, 3, 4])
    #expect(found == (0..<200).map { $0 % 5 })
  }

  @Test(arguments: [(1, 0), (1, 7), (4, 1), (4, 7), (9, 5)])
  func `Results come in the order of their numbers`(threads: Int, count: Int) {
    #expect(onThreads(threads, count: count) { $0 * $0 } == (0..<count).map { $0 * $0 })
  }
}
