import Foundation
import Operators
import Replay
import Validation

/// Several runs side by side: runs that differ by their seed alone are one variant, whose figures are means
/// with intervals; every variant is held against the first.
struct RunComparison {
  /// Runs of one set-up.
  struct Variant {
    var name: String
    var runs: [ReportedRun]

    /// The seeds, in the order of the runs.
    var seeds: [String] { runs.map(\.seed) }
  }

  let variants: [Variant]

  /// Groups runs; variants are in the order of their first run, the runs of each in that of their seeds. Of runs with one
  /// seed, which are one run, the first counts.
  init(_ runs: [ReportedRun]) {
    var order: [[String]] = []
    var groups: [[String]: [ReportedRun]] = [:]
    for run in runs {
      let key = run.variantKey
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(run)
    }
    let grouped = order.map { key in
      var seen: Set<String> = []
      let given = (groups[key] ?? []).filter { seen.insert($0.seed).inserted }
      let members = given.sorted { $0.seed < $1.seed }
      let name = given.first?.name ?? ""
      let isOwn = name != given.first?.result.title
      return Variant(
        name: members.count > 1 && !isOwn ? "\(name), \(members.count) seeds" : name,
        runs: members)
    }
    // Set-ups that are called alike are told apart by their folders.
    let alike = Dictionary(grouping: grouped, by: \.name).filter { $0.value.count > 1 }
    variants = grouped.map { variant in
      guard alike[variant.name] != nil, let folder = variant.runs.first?.folder else {
        return variant
      }
      return Variant(name: "\(variant.name) (\(folder))", runs: variant.runs)
    }
  }

  /// A figure that runs are compared by, and whether more of it is better.
  private struct Measure {
    var name: String
    var decimals: Int
    var value: (ReportedRun) -> Double?
  }

  private static var measures: [Measure] {
    LatencyMetric.allCases.flatMap { metric in
      [LatencyStatistic.mean, .p50, .p99].map { statistic in
        Measure(name: "\(statistic.rawValue) \(metric.title), ms", decimals: 2) {
          $0.result.summary.statistics(metric)?[statistic].milliseconds
        }
      }
    } + [
      Measure(name: "requests/s", decimals: 3) { $0.result.summary.requestsPerSecond },
      Measure(name: "output tokens/s", decimals: 1) { $0.result.summary.outputTokensPerSecond },
      Measure(name: "goodput, requests/s", decimals: 3) { $0.goodput?.rate },
      Measure(name: "cost of a million output tokens", decimals: 3) {
        $0.result.resources?.costPerMillionOutputTokens
      },
      Measure(name: "J an output token", decimals: 3) {
        $0.result.resources?.joulesPerOutputToken
      },
    ]
  }

  /// Figures by variant, and differences from the first in percent, with 95 % intervals over seeds.
  var table: TextTable {
    var columns: [TextTable.Column] = [.init("", .left)]
    for (index, variant) in variants.enumerated() {
      columns.append(.init(shortened(variant.name, to: 40)))
      if index > 0 { columns.append(.init("difference")) }
    }
    var table = TextTable(columns)
    for measure in Self.measures {
      let values = variants.map { $0.runs.compactMap(measure.value) }
      guard values.contains(where: { !$0.isEmpty }) else { continue }
      var cells = [measure.name]
      for (index, variant) in variants.enumerated() {
        cells.append(
          MeanInterval(values[index]).map { text($0, decimals: measure.decimals) } ?? "")
        if index > 0 { cells.append(difference(variant, values[index], values[0])) }
      }
      table.add(cells)
    }
    return table
  }

  /// How the intervals are to be read.
  var note: String {
    let counts = variants.map(\.runs.count)
    guard counts.contains(where: { $0 > 1 }) else {
      return
        "Differences are from \(variants[0].name). One run each: they have no interval. Give several "
        + "seeds of each to get one."
    }
    let interval =
      "± is a 95 % interval over seeds (\(counts.map(String.init).joined(separator: ", ")) runs), by "
    guard variants.count > 1 else { return interval + "Student's t." }
    let paired = variants.dropFirst().filter { $0.seeds == variants[0].seeds }
    let way =
      paired.count == variants.count - 1
      ? "Student's t on differences of like seeds."
      : paired.isEmpty
        ? "Welch's t."
        : "Student's t on differences of like seeds for "
          + paired.map(\.name).joined(separator: ", ") + ", and Welch's t for others."
    return "Differences are from \(variants[0].name). " + interval + way
      + " * marks differences whose interval does not hold 0."
  }

  /// The difference from the first variant, and its half width, in percent of that.
  private func percentDifference(
    _ variant: Variant, _ values: [Double], _ base: [Double]
  ) -> (mean: Double, halfWidth: Double?)? {
    guard
      let difference = MeanInterval.difference(
        of: values, from: base, paired: variant.seeds == variants[0].seeds),
      let mean = MeanInterval(base)?.mean, mean != 0
    else { return nil }
    let percent = 100 / abs(mean)
    return (percent * difference.mean, difference.halfWidth.map { percent * $0 })
  }

  private func difference(_ variant: Variant, _ values: [Double], _ base: [Double]) -> String {
    guard let difference = percentDifference(variant, values, base) else { return "" }
    var text = fixedText(difference.mean, decimals: 1, signed: true)
    if let half = difference.halfWidth { text += " ± " + fixedText(half, decimals: 1) }
    text += " %"
    if let half = difference.halfWidth, abs(difference.mean) > half { text += " *" }
    return text
  }

  /// The table's numbers, for a file.
  var document: [String: ResultValue] {
    var measures: [ResultValue] = []
    for measure in Self.measures {
      let values = variants.map { $0.runs.compactMap(measure.value) }
      guard values.contains(where: { !$0.isEmpty }) else { continue }
      var cells: [ResultValue] = []
      for (index, variant) in variants.enumerated() {
        var cell: [String: ResultValue] = [:]
        if let interval = MeanInterval(values[index]) {
          cell["mean"] = .number(interval.mean)
          if let half = interval.halfWidth { cell["half_width"] = .number(half) }
        }
        if index > 0, let difference = percentDifference(variant, values[index], values[0]) {
          cell["difference_percent"] = .number(difference.mean)
          if let half = difference.halfWidth { cell["difference_half_width"] = .number(half) }
        }
        cells.append(.object(cell))
      }
      measures.append(.object(["name": .text(measure.name), "variants": .list(cells)]))
    }
    return [
      "note": .text(note), "measures": .list(measures),
      "variants": .list(
        variants.map { variant in
          .object([
            "name": .text(variant.name),
            "folders": .list(variant.runs.map { .text($0.folder) }),
          ])
        }),
    ]
  }

  private func text(_ interval: MeanInterval, decimals: Int) -> String {
    let mean = fixedText(interval.mean, decimals: decimals)
    guard let half = interval.halfWidth else { return mean }
    return mean + " ± " + fixedText(half, decimals: decimals)
  }
}

extension ReportedRun {
  /// The seed that requests were drawn with; empty where nothing was.
  fileprivate var seed: String { result.workload["seed"]?.text ?? "" }

  /// Everything that decides a result but the seed.
  fileprivate var variantKey: [String] {
    var workload = result.workload
    workload["seed"] = nil
    if case .number(let kept)? = workload["thin"], kept < 1 {
      // What a seed draws of a log has other sums.
      for sum in ["requests", "requests_per_second", "turns"] { workload[sum] = nil }
    }
    var key = [json(workload)]
    // A scenario's text is compared line by line, for it may name the seed.
    for input in result.inputs where input.role != "scenario" {
      key.append(input.role + " " + input.sha256)
    }
    switch result {
    case .replay(let file): key.append(json(file.deployment))
    case .pipeline(let file):
      key += file.scenario.filter { !$0.drop { $0 == " " }.hasPrefix("seed:") }
    }
    return key
  }

  private func json(_ value: [String: ResultValue]) -> String {
    (try? indentedJSON(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
