/// An engine's key-value memory: fixed blocks, who uses them, and what the unused still hold.
///
/// The rules are those of vLLM V1's block pool. Free blocks wait in a queue, least recently freed
/// first; a block keeps its content until it is taken from the head of that queue, so that a later
/// request with the same beginning finds it again. One block of the configured number is vLLM's
/// null block and never used.
///
/// Free blocks without named content are all alike, so the queue links only those with content, each
/// with the number of others before it. Which of the others is taken changes nothing that can be seen,
/// so it is the one that was freed last, which is still near the processor: a queue of all blocks
/// would go round the whole memory.
///
/// State is flat: one array of blocks with an intrusive, doubly linked list, a stack, and one
/// open-addressing table from content to block. Every operation takes constant time. Blocks that
/// were never taken come first in the queue and have no state yet: memory goes with what a replay
/// uses, not with what a device has. Who uses a block is kept apart, in four bytes: of most blocks, which never get a
/// name, nothing else is read.
struct BlockPool {
  /// One block. Links are indices; -1 ends a list.
  private struct Block {
    /// Towards the head of the free queue.
    var previous: Int32 = -1
    /// Towards the tail of the free queue.
    var next: Int32 = -1
    /// The circle of blocks with the same content, oldest first after the one in the table.
    var elder: Int32 = -1
    /// See ``elder``.
    var younger: Int32 = -1
    /// While it is free with content: how many without stand right before it in the queue.
    var before: Int32 = 0
    /// What it holds; 0 while that has no name.
    var content: UInt64 = 0
  }

  /// How many blocks there are.
  let count: Int
  /// How many blocks no request holds.
  private(set) var freeCount: Int
  /// The blocks that were ever taken.
  private var blocks: [Block] = []
  /// Of each of them how many requests use it, twice, and one more where what it holds has a name.
  private var uses: [Int32] = []
  /// Free blocks with content, the one that was freed first in front.
  private var head: Int32 = -1
  private var tail: Int32 = -1
  /// How many free blocks without content stand behind the last with content.
  private var behind: Int
  /// Free blocks without content that were taken before.
  private var nameless: [Int32] = []
  private var table = ContentTable()

  /// Creates a pool of `count` blocks, all free.
  init(count: Int) {
    self.count = count
    freeCount = count
    behind = count
  }

  /// How many blocks requests hold.
  var usedCount: Int { count - freeCount }

  /// The oldest block with this content, or nil.
  func block(holding content: UInt64) -> Int32? { table[content] }

  /// Whether no request uses the block.
  func isFree(_ block: Int32) -> Bool { uses[Int(block)] < 2 }

  /// How many requests use each of the blocks that were ever taken.
  var users: [Int32] { uses.map { $0 / 2 } }

  /// Takes the block that was freed longest ago; its content is forgotten.
  mutating func takeFree() -> Int32 {
    precondition(freeCount > 0, "a block was taken from an empty pool")
    if head < 0 {
      behind -= 1
      return takeNameless()
    }
    if blocks[Int(head)].before > 0 {
      blocks[Int(head)].before -= 1
      return takeNameless()
    }
    let block = head
    removeFromQueue(block)
    forget(block)
    uses[Int(block)] = 2
    return block
  }

  /// Takes so many blocks in the order in which they were freed, and adds them to a list.
  mutating func takeFree(_ count: Int, into list: inout [Int32]) {
    for _ in 0..<max(0, count) { list.append(takeFree()) }
  }

  private mutating func takeNameless() -> Int32 {
    freeCount -= 1
    if let block = nameless.popLast() {
      uses[Int(block)] = 2
      return block
    }
    blocks.append(Block())
    uses.append(2)
    return Int32(truncatingIfNeeded: blocks.count - 1)
  }

  /// Adds a user to a block that was found by its content.
  mutating func share(_ block: Int32) {
    if uses[Int(block)] < 2 { removeFromQueue(block) }
    uses[Int(block)] += 2
  }

  /// Takes a user away; the last one's leaving puts the block at the tail of the free queue.
  mutating func release(_ block: Int32) {
    let index = Int(block)
    let left = uses[index] - 2
    precondition(left >= 0, "a block was released twice")
    uses[index] = left
    guard left < 2 else { return }
    freeCount += 1
    guard left == 1 else {
      behind += 1
      nameless.append(block)
      return
    }
    blocks[index].before = Int32(truncatingIfNeeded: behind)
    behind = 0
    blocks[index].previous = tail
    blocks[index].next = -1
    if tail >= 0 { blocks[Int(tail)].next = block } else { head = block }
    tail = block
  }

  /// Names what a full block holds, so that it can be found until it is taken anew.
  mutating func name(_ block: Int32, content: UInt64) {
    let index = Int(block)
    precondition(uses[index] & 1 == 0, "a block was named twice")
    uses[index] |= 1
    blocks[index].content = content
    guard let oldest = table.insert(content, block) else {
      blocks[index].elder = block
      blocks[index].younger = block
      return
    }
    let youngest = blocks[Int(oldest)].elder
    blocks[index].elder = youngest
    blocks[index].younger = oldest
    blocks[Int(youngest)].younger = block
    blocks[Int(oldest)].elder = block
  }

  private mutating func removeFromQueue(_ block: Int32) {
    let (previous, next) = (blocks[Int(block)].previous, blocks[Int(block)].next)
    let before = blocks[Int(block)].before
    if next >= 0 { blocks[Int(next)].before += before } else { behind += Int(before) }
    if previous >= 0 { blocks[Int(previous)].next = next } else { head = next }
    if next >= 0 { blocks[Int(next)].previous = previous } else { tail = previous }
    freeCount -= 1
  }

  private mutating func forget(_ block: Int32) {
    let index = Int(block)
    let (content, elder, younger) =
      (blocks[index].content, blocks[index].elder, blocks[index].younger)
    if younger == block {
      table.remove(content)
    } else {
      blocks[Int(elder)].younger = younger
      blocks[Int(younger)].elder = elder
      if table[content] == block { table.replace(content, with: younger) }
    }
  }
}
