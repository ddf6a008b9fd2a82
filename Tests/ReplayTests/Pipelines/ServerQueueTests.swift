import Operators
import Testing

@testable import Replay

/// A queue for places against a plain list.
@Suite struct ServerQueueTests {
  @Test("serves in the order of coming, and never more places than there are", arguments: 0..<40)
  func random(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let capacity = seed % 5 == 0 ? Int.max : Int.random(in: 1...8, using: &random)
    var queue = ServerQueue(capacity: capacity)
    var waiting: [(task: Int32, places: Int)] = []
    var running: [(task: Int32, places: Int)] = []
    var next: Int32 = 0
    for _ in 0..<800 {
      switch Int.random(in: 0..<200, using: &random) {
      case 0..<70:
        let asked = Int.random(in: 0...10, using: &random)
        let places = min(max(asked, 1), capacity)
        #expect(queue.places(asked) == places)
        queue.enqueue(next, places: asked)
        waiting.append((next, places))
        next += 1
      case 70..<140:
        let taken = running.reduce(0) { $0 + $1.places }
        let fits = waiting.first.map { $0.places <= capacity - taken } ?? false
        #expect(queue.start() == (fits ? waiting[0].task : nil))
        if fits { running.append(waiting.removeFirst()) }
      case 140..<199:
        guard let place = running.indices.randomElement(using: &random) else { continue }
        queue.end(places: running.remove(at: place).places)
      default:
        queue.removeAll()
        (waiting, running) = ([], [])
      }
      #expect(queue.waitingCount == waiting.count)
      #expect(queue.taken == running.reduce(0) { $0 + $1.places })
      #expect(queue.taken <= capacity)
    }
  }
}
