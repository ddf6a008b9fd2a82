import Scenarios

/// What the instances of a store held and moved, all together.
public struct StoreSummary: Sendable, Hashable, Codable {
  /// Its pool's name.
  public var pool: String
  /// How many instances there are.
  public var instances = 0
  /// Contexts that were looked for.
  public var lookups = 0
  /// Of these, contexts of which anything was there.
  public var hits = 0
  /// ``hits`` ÷ ``lookups``; nil where nothing was looked for.
  public var hitRate: Double?
  /// Bytes that were read.
  public var bytesRead = 0.0
  /// Bytes that were written.
  public var bytesWritten = 0.0
  /// Blocks that are there at the end.
  public var blocks = 0
  /// Blocks that left to make room.
  public var evictions = 0
  /// Blocks that were not stored, as the buffers of those who wrote them were full; nil for none.
  public var dropped: Int?

  private enum CodingKeys: String, CodingKey {
    case pool, instances, lookups, hits, blocks, evictions, dropped
    case hitRate = "hit_rate"
    case bytesRead = "bytes_read"
    case bytesWritten = "bytes_written"
  }

  /// Sums up a pool's instances; nil for a pool that is no store.
  init?(pool index: Int, _ result: PipelineResult, _ plan: ScenarioPlan) {
    guard case .store = plan.scenario.pools[index].service else { return nil }
    pool = plan.scenario.pools[index].name
    for instance in result.stores where instance.pool == index {
      instances += 1
      lookups += instance.lookups
      hits += instance.hits
      bytesRead += instance.bytesRead
      bytesWritten += instance.bytesWritten
      blocks += instance.blocks
      evictions += instance.evictions
      if instance.dropped > 0 { dropped = (dropped ?? 0) + instance.dropped }
    }
    if lookups > 0 { hitRate = Double(hits) / Double(lookups) }
  }
}
