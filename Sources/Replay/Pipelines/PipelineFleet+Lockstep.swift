import CostModel
import Operators

/// Engines of a pool that step together, as ``Lockstep`` has them: data-parallel ranks.
///
/// All are at their boundary at once, of which one event tells. Ranks that share experts are one unit that
/// neither fails nor scales in part: scenarios that ask for that are refused, as are those whose ranks prefill or decode
/// alone, so that nothing waits here for memory of another pool.
extension PipelineFleet {
  /// Ends the step in flight of all engines of a pool, and begins the next one.
  mutating func lockstepBoundary(of pool: Int, at time: Int64) {
    for engine in pools[pool].range { endStep(of: engine, at: time) }
    guard let pricing = plan.pools[pool].pricing, var together = pools[pool].lockstep.take() else {
      return
    }
    let lead = together.members.lowerBound
    let begins = together.begin(&models, until: .max, chain: chains.chain)
    while together.isPricing {
      let price = models[lead].withDrafts(pricing.price(together.shape(models)))
      together.start(price, &models, until: .max, chain: chains.chain)
    }
    if begins {
      result.steps += together.workingCount
      let first = pools[pool].first
      foresee(.boundary, first, at: models[lead].boundary, tag: engines[first].epoch)
    }
    pools[pool].lockstep = together
    for engine in pools[pool].range {
      let shape = models[engines[engine].place].current.shape
      noteTurns(
        on: engine, taken: begins ? shape.prefillTokens + shape.decodeSequences : 0, at: time)
    }
  }
}
