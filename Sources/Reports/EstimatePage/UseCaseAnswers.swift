import Analytical
import Operators
import Validation

/// How each use case is best served by the first model in the first type: of every platform the layout with the most
/// tokens a second and device that keeps to the limits.
struct UseCaseAnswers {
  struct Case {
    var useCase: UseCase
    var rows: [(platform: Platform, answer: PlanSearch.Answer?)]
  }

  let model: ModelArchitecture
  let type: DataType
  let cases: [Case]
  private let sizes: String

  /// Searches all layouts on all platforms.
  init(_ subjects: ComparedSubjects) throws(AnalyticalError) {
    let axes = subjects.axes
    model = axes.models[0]
    type = axes.types[0]
    sizes =
      "\(Self.list(axes.devices)) devices and batches of \(Self.list(axes.batches))"
    var cases: [Case] = []
    for useCase in subjects.useCases {
      var one = Case(useCase: useCase, rows: [])
      for platform in axes.platforms {
        var search = PlanSearch(model: model, platform: platform)
        search.precision = Precision(serving: type)
        one.rows.append(
          (
            platform,
            try search.best(
              for: useCase, devices: axes.devices.filter { $0 <= platform.devices },
              batches: axes.batches)
          ))
      }
      cases.append(one)
    }
    self.cases = cases
  }

  /// Adds a line for each use case.
  func addSummary(to html: inout HTML) {
    html.element(
      "p",
      text: "\(model.name) in \(type.rawValue): of all layouts (tensor, pipeline, expert, data and "
        + "sequence parallel) on \(sizes), the one with the most tokens a second and device that keeps "
        + "to the use case's limits; where none does, the one that exceeds them least.")
    html.element("ul", ["class": "verdict"]) { list in
      for one in cases {
        list.element("li", ["class": one.met.isEmpty ? "bad" : "good"]) { item in
          item.element("b", text: one.useCase.name + ":")
          item.add(Self.sentence(one))
        }
      }
    }
  }

  /// Adds a table for each use case.
  func addTables(to html: inout HTML) {
    for one in cases {
      html.table(Self.table(one), caption: Self.caption(one.useCase))
    }
  }

  private static func sentence(_ one: Case) -> String {
    guard
      let best = one.met.max(by: { $0.plan.throughputPerDevice < $1.plan.throughputPerDevice })
    else {
      return "no platform keeps to the limits."
    }
    var text =
      "\(one.met.count) of \(one.rows.count) platforms keep to the limits; most tokens a second and "
      + "device on \(best.platform.name), \(fixedText(best.plan.throughputPerDevice, decimals: 0)) with "
      + "\(best.plan.layout) and \(best.plan.estimate.workload.batch) at once"
    let priced = one.met.compactMap { row in
      row.plan.estimate.costPerToken.map { (row.platform.name, $0 * 1e6) }
    }
    if let cheapest = priced.min(by: { $0.1 < $1.1 }) {
      text +=
        "; cheapest of those with a price: \(cheapest.0), $\(fixedText(cheapest.1, decimals: 2)) a "
        + "million tokens"
    }
    return text + "."
  }

  private static func caption(_ useCase: UseCase) -> String {
    let limits = [
      ("TTFT", useCase.serviceLevel.timeToFirstToken),
      ("TPOT", useCase.serviceLevel.timePerOutputToken),
    ].compactMap { name, limit in
      limit.map { "\(name) at most \(fixedText($0 / 1e6, decimals: 0)) ms" }
    }
    return "\(useCase.name): \(groupedText(useCase.inputTokens)) tokens in, "
      + "\(groupedText(useCase.outputTokens)) out; \(limits.joined(separator: ", "))."
  }

  private static func table(_ one: Case) -> TextTable {
    var table = TextTable([
      .init("platform", .left), .init("limits", .left), .init("layout", .left), .init("devices"),
      .init("batch"), .init("TTFT ms"), .init("TPOT ms"), .init("tokens/s a device"),
      .init("$/M tokens"), .init("J/token"), .init("memory %"),
    ])
    for (platform, answer) in one.rows {
      guard let answer else {
        table.add([platform.name, "does not fit on so many devices"])
        continue
      }
      let estimate = answer.plan.estimate
      let excess = one.useCase.serviceLevel.excess(of: estimate)
      table.add([
        platform.name,
        answer.isMet ? "met" : "missed, × \(fixedText(excess, decimals: 2))",
        answer.plan.layout.description, "\(estimate.devices)", "\(estimate.workload.batch)",
        fixedText(estimate.timeToFirstToken / 1e6, decimals: 1),
        fixedText(estimate.timePerOutputToken / 1e6, decimals: 2),
        fixedText(answer.plan.throughputPerDevice, decimals: 1),
        estimate.costPerToken.map { fixedText($0 * 1e6, decimals: 3) } ?? "no price",
        estimate.energyPerToken.map { fixedText($0, decimals: 3) } ?? "not known",
        fixedText(100 * estimate.memory.total / estimate.memory.capacity, decimals: 0),
      ])
    }
    return table
  }

  private static func list(_ sizes: [Int]) -> String {
    sizes.map(String.init).joined(separator: ", ")
  }
}

extension UseCaseAnswers.Case {
  /// The platforms that keep to the limits.
  fileprivate var met: [(platform: Platform, plan: Plan)] {
    rows.compactMap { row in
      row.answer.flatMap { $0.isMet ? (row.platform, $0.plan) : nil }
    }
  }
}
