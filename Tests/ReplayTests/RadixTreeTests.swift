import Operators
import Testing

@testable import Replay

/// A radix tree of pages as SGLang describes it: nodes in use are locked, and the leaf that was
/// used longest ago is evicted.
private final class RadixTree {
  final class Node {
    let page: UInt64
    unowned let parent: Node?
    var children: [UInt64: Node] = [:]
    var users = 0
    var lastUse = 0

    init(page: UInt64, parent: Node?) {
      self.page = page
      self.parent = parent
    }
  }

  let root = Node(page: 0, parent: nil)
  let capacity: Int
  var clock = 0
  var all: [Node] = []

  init(capacity: Int) { self.capacity = capacity }

  func match(_ pages: [UInt64]) -> [Node] {
    var path: [Node] = []
    var node = root
    for page in pages {
      guard let child = node.children[page] else { break }
      path.append(child)
      node = child
    }
    return path
  }

  var unused: Int { capacity - all.filter { $0.users > 0 }.count }

  func acquire(_ pages: [UInt64]) -> [Node] {
    var path = match(pages)
    for node in path { node.users += 1 }
    for page in pages.dropFirst(path.count) {
      if all.count == capacity { evict() }
      let node = Node(page: page, parent: path.last ?? root)
      (path.last ?? root).children[page] = node
      node.users = 1
      all.append(node)
      path.append(node)
    }
    return path
  }

  func release(_ path: [Node]) {
    clock += 1
    for node in path {
      node.users -= 1
      node.lastUse = clock
    }
  }

  private func evict() {
    let leaf = all.filter { $0.users == 0 && $0.children.isEmpty }.min { $0.lastUse < $1.lastUse }
    guard let leaf else { return }
    leaf.parent?.children[leaf.page] = nil
    all.removeAll { $0 === leaf }
  }
}

@Suite struct RadixTreeTests {
  @Test(
    "Named blocks, freed the last one first, are a radix tree of pages that evicts its leaves",
    arguments: 0..<50)
  func blocksAreATree(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let capacity = Int.random(in: 6...20, using: &random)
    let tree = RadixTree(capacity: capacity)
    var pool = BlockPool(count: capacity)
    var running: [(path: [RadixTree.Node], blocks: [Int32])] = []
    var hits = 0
    for _ in 0..<300 {
      if Bool.random(using: &random), let index = running.indices.randomElement(using: &random) {
        let (path, blocks) = running.remove(at: index)
        tree.release(path)
        for block in blocks.reversed() { pool.release(block) }
        continue
      }
      let pages = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        UInt64.random(in: 1...2, using: &random)
      }
      var names: [UInt64] = []
      for page in pages { names.append(BlockContent.mix(names.last ?? 7, page)) }
      var blocks: [Int32] = []
      for name in names {
        guard let block = pool.block(holding: name) else { break }
        blocks.append(block)
      }
      #expect(blocks.count == tree.match(pages).count)
      #expect(pool.freeCount == tree.unused)
      let idle = blocks.count { pool.isFree($0) }
      guard pages.count - blocks.count <= pool.freeCount - idle else { continue }
      hits += blocks.count
      for block in blocks { pool.share(block) }
      for name in names.dropFirst(blocks.count) {
        let block = pool.takeFree()
        pool.name(block, content: name)
        blocks.append(block)
      }
      running.append((tree.acquire(pages), blocks))
    }
    #expect(hits > 50)
    // And pages were evicted on the way.
    #expect(tree.all.count == capacity)
  }
}
