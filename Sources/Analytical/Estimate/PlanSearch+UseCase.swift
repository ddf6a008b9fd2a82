extension PlanSearch {
  /// How a use case is best served on a platform.
  public struct Answer: Hashable, Sendable {
    /// The layout, with the batch in its workload.
    public var plan: Plan
    /// Whether it keeps to the use case's limits.
    public var isMet: Bool
  }

  /// The best plan of a use case over numbers of devices and batches: of those that keep to its
  /// limits the one with the most tokens a second and device, and where none does, the one that
  /// exceeds them by the least factor; nil where nothing fits. Fewer devices and smaller batches win ties.
  ///
  /// The search's own service level and objective are not looked at.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` where a number makes no sense.
  public func best(
    for useCase: UseCase, devices: [Int], batches: [Int]
  ) throws(AnalyticalError) -> Answer? {
    var search = self
    search.serviceLevel = ServiceLevel()
    var best: Answer?
    var leastExcess = Double.infinity
    for count in devices {
      for batch in batches {
        for plan in try search.plans(devices: count, useCase.workload(batch: batch)) {
          let excess = max(1, useCase.serviceLevel.excess(of: plan.estimate))
          let isBetter =
            excess < leastExcess
            || excess == 1 && leastExcess == 1
              && plan.throughputPerDevice > best?.plan.throughputPerDevice ?? 0
          guard isBetter else { continue }
          leastExcess = excess
          best = Answer(plan: plan, isMet: excess == 1)
        }
      }
    }
    return best
  }
}

extension ServiceLevel {
  /// By which factor an estimate takes the larger part of a limit: 1 where it just keeps to it.
  public func excess(of estimate: RequestEstimate) -> Double {
    max(
      timeToFirstToken.map { estimate.timeToFirstToken / $0 } ?? 0,
      timePerOutputToken.map { estimate.timePerOutputToken / $0 } ?? 0)
  }
}
