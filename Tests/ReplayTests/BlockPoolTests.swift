import Operators
import Testing

@testable import Replay

@Suite struct BlockPoolTests {
  /// The same pool with arrays and a dictionary.
  struct NaivePool {
    var free: [Int32]
    var users: [Int]
    var content: [UInt64]
    var holders: [UInt64: [Int32]] = [:]

    init(count: Int) {
      free = Array(0..<Int32(count))
      users = Array(repeating: 0, count: count)
      content = Array(repeating: 0, count: count)
    }

    mutating func takeFree() -> Int32 {
      let block = free.removeFirst()
      holders[content[Int(block)]]?.removeAll { $0 == block }
      content[Int(block)] = 0
      users[Int(block)] = 1
      return block
    }
  }

  @Test("The pool equals a plain one under random use", arguments: [1, 2, 5, 33, 64])
  func equalsNaive(count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    var (pool, naive) = (BlockPool(count: count), NaivePool(count: count))
    // Which of the blocks without content is taken is the pool's own affair: numbers are paired.
    var held: [(ours: Int32, naive: Int32)] = []
    var partner: [Int32: Int32] = [:]
    for _ in 0..<20_000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        guard !naive.free.isEmpty else { continue }
        let pair = (pool.takeFree(), naive.takeFree())
        partner[pair.0] = pair.1
        held.append(pair)
      case 1:
        guard let index = held.indices.randomElement(using: &random) else { continue }
        let block = held.remove(at: index)
        pool.release(block.ours)
        naive.users[Int(block.naive)] -= 1
        if naive.users[Int(block.naive)] == 0 { naive.free.append(block.naive) }
      case 2:
        guard let pair = held.randomElement(using: &random) else { continue }
        let block = pair.naive
        guard naive.content[Int(block)] == 0 else { continue }
        // Contents that collide in the table's places.
        let content = UInt64.random(in: 1...8, using: &random) << 7 | 15
        pool.name(pair.ours, content: content)
        naive.content[Int(block)] = content
        naive.holders[content, default: []].append(block)
      default:
        let content = UInt64.random(in: 1...8, using: &random) << 7 | 15
        let found = pool.block(holding: content)
        #expect(found.flatMap { partner[$0] } == naive.holders[content]?.first)
        guard let ours = found, let found = partner[ours] else { continue }
        #expect(pool.isFree(ours) == (naive.users[Int(found)] == 0))
        pool.share(ours)
        if naive.users[Int(found)] == 0 { naive.free.removeAll { $0 == found } }
        naive.users[Int(found)] += 1
        held.append((ours, found))
      }
      #expect(pool.freeCount == naive.free.count)
    }
  }

  @Test("Waiting slots leave in order, preempted ones first")
  func queue() {
    var (queue, naive) = (SlotQueue(), [Int32]())
    var random = SplitMix64(seed: 1)
    for slot in 0..<5000 as Range<Int32> {
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        queue.append(slot)
        naive.append(slot)
      case 2:
        queue.prepend(slot)
        naive.insert(slot, at: 0)
      default:
        queue.removeFirst()
        if !naive.isEmpty { naive.removeFirst() }
      }
      #expect(queue.count == naive.count)
      #expect(queue.first == naive.first)
    }
    #expect((0..<queue.count).map { queue[$0] } == naive)
  }
}
