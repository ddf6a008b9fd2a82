import Operators
import Replay
import Validation

/// The panels of a run over time: JSON for the page's script, and a table for who has none.
struct TimePanels {
  /// One panel.
  struct Panel: Encodable {
    struct Series: Encodable {
      var label: String
      /// The name of a colour of the page's style.
      var colour: String
      var unit = ""
      var fill = false
      var dash = false
      var values: [Number]
    }

    /// The element that it is drawn into.
    var id: String
    /// Panels of one group move together.
    var group: String
    var title: String
    /// The beginnings of bins in seconds.
    var x: [Number]
    var series: [Series]
    /// Spans of seconds that are shaded.
    var shaded: [[Number]]
  }

  /// A number with the digits that a plot can show.
  struct Number: Encodable {
    var value: Double

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      let size = abs(value)
      let scale = size >= 1000 ? 1.0 : size >= 10 ? 100.0 : 10_000.0
      let rounded = (value * scale).rounded() / scale
      if let integer = Int(exactly: rounded) {
        try container.encode(integer)
      } else {
        try container.encode(rounded)
      }
    }
  }

  private let run: ReportedRun
  /// The name by which its panels move together.
  let group: String
  /// The panels, those of which nothing is known left out.
  private(set) var panels: [Panel] = []
  /// Bins up to the last that holds anything.
  private let bins: Int
  private let seconds: Double

  /// - Parameter group: a name that no other run on the page has.
  init(_ run: ReportedRun, group: String) {
    self.run = run
    self.group = group
    let end = max(run.digest.lastEnd, run.digest.arrivals?.upperBound ?? .zero)
    let width = run.digest.load.width
    bins = min(run.digest.load.count, Int(Double(end.rawValue) / width) + 1)
    seconds = width / 1e9
    panels = makePanels()
  }

  private func makePanels() -> [Panel] {
    let waiting: [Panel.Series] =
      run.digest.tellsQueues
      ? [
        line("running", "running", means(.running)), line("waiting", "waiting", means(.waiting)),
      ] : [line("under way", "running", means(.running))]
    var panels = [
      panel(
        "requests", "Requests a second",
        [
          line("arrive", "waiting", rates(.arrivals), unit: "/s"),
          line("end", "running", rates(.finished), unit: "/s"),
        ]),
      panel("load", "Requests at once", waiting),
      panel(
        "tokens", "Output tokens a second",
        [line("tokens", "decode", rates(.tokens), unit: "/s", fill: true)]),
    ]
    for (id, title, values) in [
      ("busy", "Engines busy, %", \EngineLoad.busy),
      ("memory", "Key-value blocks in use, %", \EngineLoad.memory),
    ] {
      if let panel = enginePanel(id, title, values) { panels.append(panel) }
    }
    return panels + scenarioPanels
  }

  /// The same in twelve slices of time.
  var table: TextTable {
    var table = TextTable([
      .init("from s", .right), .init("arrive /s"), .init("end /s"), .init("running"),
      .init("waiting"), .init("output tokens/s"),
    ])
    let columns = [
      rates(.arrivals), rates(.finished), means(.running),
      run.digest.tellsQueues ? means(.waiting) : nil, rates(.tokens),
    ]
    let slices = min(12, bins)
    for slice in 0..<slices {
      let range = (slice * bins / slices)..<((slice + 1) * bins / slices)
      table.add(
        [fixedText(Double(range.lowerBound) * seconds, decimals: 1)]
          + columns.map { values in
            guard let part = values?[range] else { return "" }
            return fixedText(part.reduce(0, +) / Double(max(1, part.count)), decimals: 2)
          })
    }
    return table
  }

  private func panel(_ id: String, _ title: String, _ series: [Panel.Series]) -> Panel {
    Panel(
      id: "\(group)-\(id)", group: group, title: title,
      x: (0..<bins).map { Number(value: Double($0) * seconds) }, series: series, shaded: shaded)
  }

  /// The most lines of one panel.
  private static let lines = ["decode", "prefill", "running", "waiting", "replayed", "measured"]

  /// What a scenario's pools and links did: of each quantity those that had the most of it.
  private var scenarioPanels: [Panel] {
    let quantities: [(String, String, String, KeyPath<ScenarioLoad, [Double?]>)] = [
      ("busy", "Engines busy by pool, %", "%", \ScenarioLoad.busy),
      ("pool-running", "Requests served by pool", "", \ScenarioLoad.running),
      ("pool-waiting", "Requests waiting by pool", "", \ScenarioLoad.waiting),
      ("memory", "Key-value blocks in use by pool, %", "%", \ScenarioLoad.memory),
      ("up", "Engines up by pool, where that changes", "", \ScenarioLoad.changingUp),
      ("links", "Busiest link by kind, %", "%", \ScenarioLoad.largest),
    ]
    return quantities.compactMap { scenarioPanel($0, $1, $2, $3) }
  }

  private func scenarioPanel(
    _ id: String, _ title: String, _ unit: String, _ values: KeyPath<ScenarioLoad, [Double?]>
  ) -> Panel? {
    let scale = unit == "%" ? 100.0 : 1
    let columns = run.scenarioLoad.compactMap { load in
      let known = load[keyPath: values].compactMap(\.self).map { scale * $0 }
      let isTold = known.count == load.times.count && known.contains { $0 > 0 }
      return isTold ? (name: load.name, values: known, sum: known.reduce(0, +)) : nil
    }
    let most = columns.enumerated().sorted {
      ($0.element.sum, $1.offset) > ($1.element.sum, $0.offset)
    }
    guard let times = run.scenarioLoad.first?.times, !most.isEmpty else { return nil }
    return Panel(
      id: "\(group)-\(id)", group: group, title: title, x: times.map { Number(value: $0) },
      series: zip(Self.lines, most).map { colour, column in
        line(column.element.name, colour, column.element.values, unit: unit)
      }, shaded: shaded)
  }

  /// Of several engines their mean and the largest.
  private func enginePanel(
    _ id: String, _ title: String, _ values: KeyPath<EngineLoad, [Double]>
  ) -> Panel? {
    guard let first = run.load.first, !first.times.isEmpty else { return nil }
    let columns = run.load.filter { $0.times.count == first.times.count }.map {
      $0[keyPath: values]
    }
    let count = Double(columns.count)
    let places = first.times.indices
    let mean = places.map { place in 100 * columns.reduce(0) { $0 + $1[place] } / count }
    var series = [
      line(columns.count > 1 ? "mean" : "engine", "decode", mean, unit: "%", fill: true)
    ]
    if columns.count > 1 {
      let most = places.map { place in 100 * (columns.map { $0[place] }.max() ?? 0) }
      series.append(line("largest", "prefill", most, unit: "%"))
    }
    return Panel(
      id: "\(group)-\(id)", group: group, title: title,
      x: first.times.map { Number(value: $0) }, series: series, shaded: shaded)
  }

  private func line(
    _ label: String, _ colour: String, _ values: [Double], unit: String = "", fill: Bool = false
  ) -> Panel.Series {
    Panel.Series(
      label: label, colour: colour, unit: unit, fill: fill,
      values: values.map { Number(value: $0) })
  }

  /// The warm-up, whose requests are in no figure.
  private var shaded: [[Number]] {
    let warmUp = run.result.warmUp
    guard warmUp > .zero else {
      return []
    }
    return [[Number(value: 0), Number(value: warmUp.seconds)]]
  }

  private func means(_ channel: RequestDigest.Channel) -> [Double] {
    Array(run.means(channel).prefix(bins))
  }

  private func rates(_ channel: RequestDigest.Channel) -> [Double] {
    run.digest.load.amounts(channel.rawValue).prefix(bins).map { $0 / seconds }
  }
}
