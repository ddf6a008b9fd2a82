public import Analytical
internal import Validation

extension TextTable {
  /// Plans, a line each, in their order.
  public init(plans: [Plan]) {
    self.init([
      .init("layout", .left), .init("devices"), .init("TTFT ms"), .init("TPOT ms"),
      .init("end to end s"), .init("tokens/s"), .init("a device"), .init("GiB"), .init("J/token"),
      .init("$/M tokens"),
    ])
    for plan in plans {
      let estimate = plan.estimate
      add([
        plan.layout.description, "\(estimate.devices)",
        fixedText(estimate.timeToFirstToken / 1e6, decimals: 1),
        fixedText(estimate.timePerOutputToken / 1e6, decimals: 2),
        fixedText(estimate.endToEnd / 1e9, decimals: 2),
        fixedText(estimate.throughput, decimals: 1),
        fixedText(plan.throughputPerDevice, decimals: 1),
        fixedText(estimate.memory.total.gibibytes, decimals: 1),
        estimate.energyPerToken.map { fixedText($0, decimals: 3) } ?? "",
        estimate.costPerToken.map { fixedText($0 * 1e6, decimals: 3) } ?? "",
      ])
    }
  }
}
