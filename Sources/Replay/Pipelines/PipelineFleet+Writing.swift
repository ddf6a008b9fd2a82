import Network
import Scenarios

/// Key-values in stores: kept after a context was computed.
///
/// Writing holds nobody up, so that a store which is slower than what it is to keep falls behind. What has not been
/// written lies in the memory of the engine that computed it, which is bounded: blocks beyond are not stored, and
/// will have to be computed again. An engine writes one transfer at a time to an instance, so that many small ones do not
/// crowd out who reads there.
extension PipelineFleet {
  /// Keeps what a task computed in the stores of its context: blocks that the nearest one has not travel
  /// there, and what it evicts goes on to the next.
  ///
  /// - Parameter generated: tokens after the context.
  mutating func storeContext(_ task: Int, generated: Int, at time: Int64) {
    let index = journey(of: task)
    var context = task
    if part(of: task).isDecode { context = index * stride + part(of: task).partner }
    let part = part(of: context)
    guard let store = part.stores.first(where: { stores.services[$0]?.writesBack == true }),
      journeys[index].chainStart >= 0
    else { return }
    let journey = journeys[index]
    let (pool, leaf) = (
      engines[Int(tasks[task].engine)].pool, engines[Int(tasks[task].engine)].leaf
    )
    // The last token's keys and values were never computed.
    let tokens = journey.context + max(0, generated - 1)
    let whole = min(tokens / journey.tokensPerName, journey.chainCount)
    let bytes = Double(journey.tokensPerName) * plan.pools[pool].keyValueBytesPerToken
    let following = Array(part.stores.drop { $0 != store })
    var rooms: [Int] = []
    for store in following { rooms.append(room(in: store, for: leaf, bytes)) }
    let before = rooms
    // What a decode goes on from its prefill has stored.
    let had = context == task ? Int(tasks[context].had) : journey.context
    let found = had / journey.tokensPerName
    for piece in 0..<whole {
      let name = Self.name(chains[journey.chainStart + piece], pools[pool].salt)
      keep(name, wasFound: piece < found, in: following, for: leaf, &rooms)
    }
    for (level, store) in following.enumerated() where rooms[level] < before[level] {
      write(Double(before[level] - rooms[level]) * bytes, to: store, from: leaf, at: time)
    }
  }

  /// How many blocks an engine's buffer still takes for its instance of a store.
  @inline(__always)
  private func room(in store: Int, for leaf: Int, _ bytes: Double) -> Int {
    let writer = stores.instances[store][stores.number(of: store, for: leaf)]
      .writers[stores.writer(of: store, for: leaf)]
    let free = 1e9 * (stores.services[store]?.writeBuffer ?? 0) - writer.sending - writer.waiting
    return bytes > 0 ? Int(max(0, min(free / bytes, 1e9))) : 1_000_000_000
  }

  /// Stores a block, and what it drives out in the stores after; takes the room of those that travel.
  ///
  /// - Parameter wasFound: whether memory or stores had it, which is all that a store with a hit rate knows of it.
  private mutating func keep(
    _ name: UInt64, wasFound: Bool, in levels: [Int], for leaf: Int, _ rooms: inout [Int]
  ) {
    var next: UInt64? = name
    for (level, store) in levels.enumerated() {
      guard let name = next else { return }
      let number = stores.number(of: store, for: leaf)
      let knowsBlocks = stores.services[store]?.hitRate == nil
      let hasRoom = rooms[level] > 0
      let (isNew, evicted) = stores.update(store, number) { instance -> (Bool, UInt64?) in
        guard knowsBlocks else { return (level > 0 || !wasFound, nil) }
        guard hasRoom else { return (!instance.blocks.touch(name), nil) }
        let before = instance.blocks.counts.insertions
        let evicted = instance.blocks.insert(name)
        // It is there already, or a store without room gives back what it gets.
        return (instance.blocks.counts.insertions > before, evicted)
      }
      if isNew, hasRoom {
        rooms[level] -= 1
        if stores.losesWrites {
          let writer = stores.writer(of: store, for: leaf)
          stores.update(store, number) { $0.awaitBlock(name, of: writer, evicting: evicted) }
        }
      }
      if isNew, !hasRoom { stores.update(store, number) { $0.dropped += 1 } }
      next = evicted
    }
  }

  // MARK: Transfers

  /// Has bytes written to an engine's instance of a store, after those that are under way.
  private mutating func write(_ bytes: Double, to store: Int, from leaf: Int, at time: Int64) {
    guard let place = stores.writerPlace(in: store, for: leaf) else { return }
    let isIdle = stores.update(store, Int(place.number)) { instance in
      instance.bytesWritten += bytes
      instance.writers[Int(place.writer)].waiting += bytes
      return instance.writers[Int(place.writer)].sending == 0
    }
    if isIdle { writeNext(place, at: time) }
  }

  /// Sends what has come since the transfer began that has ended.
  mutating func writeNext(_ place: StoreLevels.WriterPlace, at time: Int64) {
    let (store, number, writer) = (Int(place.store), Int(place.number), Int(place.writer))
    let bytes = stores.update(store, number) { instance in
      let next = instance.writers[writer]
      for block in next.sendingBlocks { instance.settle(block) }
      instance.writers[writer] = StoreLevels.Writer(
        sending: next.waiting, sendingBlocks: next.waitingBlocks)
      return next.waiting
    }
    guard bytes > 0 else { return }
    let flow = links.send(
      bytes,
      over: storeRoute(store, number, stores.leaf(of: place), isRead: false, latency: 0),
      atMost: stores.services[store]?.rate(bytes: bytes) ?? .infinity, for: .write(place), at: time)
    stores.update(store, number) { $0.writers[writer].flow = flow }
  }

  /// Loses what an engine that fails had still to write, the transfer under way among it: its blocks are in no store.
  mutating func loseWrites(of engine: Int, at time: Int64) {
    for store in stores.instances.indices {
      guard let place = stores.writerPlace(in: store, for: engines[engine].leaf) else { continue }
      let writer = stores.instances[store][Int(place.number)].writers[Int(place.writer)]
      if writer.sending > 0 { _ = links.cut(writer.flow, at: time) }
      stores.update(store, Int(place.number)) { instance in
        instance.writers[Int(place.writer)] = StoreLevels.Writer()
        instance.bytesWritten -= writer.sending + writer.waiting
        for block in writer.sendingBlocks + writer.waitingBlocks where instance.settle(block) {
          instance.blocks.remove(block.name)
          instance.dropped += 1
        }
      }
    }
  }
}

extension StoreLevels.Instance {
  /// Notes a block that a writer has yet to bring, and the one that made room for it.
  fileprivate mutating func awaitBlock(_ name: UInt64, of writer: Int, evicting evicted: UInt64?) {
    if let evicted { unwritten[evicted] = nil }
    unwritten[name] = writeCount
    writers[writer].waitingBlocks.append(StoreLevels.Write(name: name, number: writeCount))
    writeCount += 1
  }

  /// Ends the waiting for a block; false if it was evicted meanwhile, and perhaps written by another.
  @discardableResult
  fileprivate mutating func settle(_ block: StoreLevels.Write) -> Bool {
    guard unwritten[block.name] == block.number else { return false }
    unwritten[block.name] = nil
    return true
  }
}
