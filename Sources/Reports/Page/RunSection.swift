import Operators
import Replay
import Validation

/// One run on a page, from its verdict to what it was made from.
struct RunSection {
  private let run: ReportedRun
  /// Before each id, so that several runs share a page.
  private let prefix: String
  /// Where a file of the run is, from where the page lies.
  private let link: (String) -> String
  private let panels: TimePanels

  init(
    _ run: ReportedRun, _ panels: TimePanels, prefix: String, link: @escaping (String) -> String
  ) {
    self.run = run
    self.panels = panels
    self.prefix = prefix
    self.link = link
  }

  /// The sections by id.
  static let contents: [(id: String, name: String)] = [
    ("verdict", "Verdict"), ("latencies", "Latencies"), ("time", "Over time"),
    ("causes", "Where the time goes"), ("engines", "Engines, energy and cost"),
    ("slowest", "Slowest requests"), ("findings", "What to know"), ("inputs", "Made from"),
  ]

  func add(to html: inout HTML) {
    heading(0, &html)
    verdict(&html)
    RunTiles(run).add(to: &html)
    heading(1, &html)
    latencies(&html)
    heading(2, &html)
    overTime(&html)
    heading(3, &html)
    causes(&html)
    heading(4, &html)
    engines(&html)
    heading(5, &html)
    SlowestTable(run, link: link).add(to: &html)
    heading(6, &html)
    findings(&html)
    heading(7, &html)
    inputs(&html)
  }

  private func heading(_ place: Int, _ html: inout HTML) {
    let (id, name) = Self.contents[place]
    if prefix.isEmpty {
      html.element("h2", ["id": id], text: name)
    } else {
      html.element("h3", ["id": prefix + id], text: name)
    }
  }

  private func verdict(_ html: inout HTML) {
    html.element("ul", ["class": "verdict"]) { list in
      for line in run.verdict {
        list.element("li", ["class": line.tone.rawValue]) { item in
          if !line.head.isEmpty { item.element("b", text: line.head) }
          item.add(line.sentence)
        }
      }
    }
  }

  private func latencies(_ html: inout HTML) {
    let svg = DistributionFigure(run).svg
    if svg.isEmpty {
      html.element("p", text: "No request finished.")
    } else {
      html.figure(svg, label: "Share of requests with at most a latency.")
    }
    html.table(run.latencyTable, caption: "Latencies in ms.")
  }

  private func overTime(_ html: inout HTML) {
    let group = panels.group
    html.element("div", ["class": "tools"]) { tools in
      for (key, name) in [
        ("ArrowLeft", "← earlier"), ("ArrowRight", "later →"), ("+", "zoom in"), ("-", "zoom out"),
        ("0", "all"),
      ] {
        tools.element(
          "button", ["type": "button", "data-group": group, "data-key": key], text: name)
      }
      tools.element(
        "span", ["class": "quiet"],
        text: "Drag to zoom, double-click for all; arrows, + and − in a panel.")
    }
    for panel in panels.panels {
      html.element(
        "div",
        [
          "class": "panel", "tabindex": "0", "data-group": group, "role": "group",
          "aria-label": panel.title + " over time; the table below has the same",
        ]
      ) { box in
        box.element("h3", text: panel.title)
        box.element("div", ["id": panel.id]) { _ in }
      }
    }
    html.element("noscript") {
      $0.element("p", text: "The panels need scripts; the table below has the same in slices.")
    }
    html.element("details") { details in
      details.element("summary", text: "The same as a table")
      details.table(panels.table, caption: "Means over slices of simulated time.")
    }
  }

  private func causes(_ html: inout HTML) {
    switch run.result {
    case .replay:
      html.table(
        run.spentTable,
        caption:
          "Mean time of finished requests by phase. Prefill is from the first step that worked on a "
          + "request to its first token, other requests' steps between included.")
    case .pipeline(let file):
      html.figure(
        CriticalPathFigure(title: "What requests waited for", summary: file.summary).svg,
        label: "Critical paths: all requests, the slowest tenth and the slowest hundredth.")
      html.figure(
        StagesFigure(title: "Stages", summary: file.summary).svg,
        label: "Mean times of each stage.")
      if let table = file.summary.blameTable {
        html.table(table, caption: "Shares of time on critical paths.")
      }
      html.table(file.summary.stageTable, caption: "Stages.")
      if let table = file.summary.pipelineTable { html.table(table, caption: "Pipelines.") }
      if let table = file.summary.classTable { html.table(table, caption: "Classes of requests.") }
    }
  }

  private func engines(_ html: inout HTML) {
    switch run.result {
    case .replay(let file):
      if let engines = file.engines {
        html.table(engineTable(engines), caption: "Engines; shares are of the makespan.")
      }
    case .pipeline(let file):
      html.table(
        file.summary.poolTable, caption: "Pools of engines; cost in the scenario's currency.")
      html.table(file.summary.loadTable, caption: "Load of language models.")
      html.table(file.summary.storeTable, caption: "Key-value stores.")
      html.table(file.summary.linkTable(12), caption: "Links.")
    }
    if let table = run.result.resources?.table {
      html.table(table, caption: "Energy and cost of everything that was done.")
    }
  }

  /// At most so many engines are told one by one.
  private static let mostEngines = 64

  private func engineTable(_ engines: [EngineSummary]) -> TextTable {
    var table = TextTable([
      .init("engine", .left), .init("device", .left), .init("steps"), .init("busy"),
      .init("running"), .init("peak"), .init("waiting, peak"), .init("memory"), .init("peak"),
      .init("preemptions"), .init("kJ"), .init("$"),
    ])
    for (index, engine) in engines.prefix(Self.mostEngines).enumerated() {
      table.add([
        engines.count > 1 ? "\(index): \(engine.name)" : engine.name,
        engine.devices > 1 ? "\(engine.devices) × \(engine.device)" : engine.device,
        groupedText(engine.steps), percent(engine.utilisation),
        fixedText(engine.meanRunning, decimals: 1), groupedText(engine.peakRunning),
        groupedText(engine.peakWaiting), percent(engine.meanMemoryUse),
        percent(engine.peakMemoryUse), groupedText(engine.preemptions),
        engine.joules.map { fixedText($0 / 1000, decimals: 3) } ?? "",
        engine.cost.map { fixedText($0, decimals: 4) } ?? "",
      ])
    }
    if engines.count > Self.mostEngines {
      table.add(["and \(groupedText(engines.count - Self.mostEngines)) more"])
    }
    return table
  }

  private func findings(_ html: inout HTML) {
    let findings = run.findings
    guard !findings.isEmpty else {
      html.element("p", text: "Nothing was found that speaks against these figures.")
      return
    }
    var table = TextTable([
      .init("code", .left), .init("what", .left), .init("observed"), .init("told from"), .init("n"),
    ])
    for finding in findings {
      table.add([
        finding.code, finding.sentence, finding.observed, finding.threshold,
        finding.count.map(groupedText) ?? "",
      ])
    }
    html.table(table, caption: "What to know before believing these figures, the gravest first.")
  }

  private func inputs(_ html: inout HTML) {
    var table = TextTable([
      .init("read as", .left), .init("file", .left), .init("bytes"), .init("SHA-256", .left),
    ])
    for input in run.result.inputs {
      table.add([input.role, input.path, input.bytes.map(groupedText) ?? "", input.sha256])
    }
    html.table(table, caption: "Read by reprise \(run.result.toolVersion).")
    let echo = run.setUp
    html.element("details") { details in
      details.element("summary", text: echo.title)
      details.element("pre") { $0.element("code", text: echo.lines.joined(separator: "\n")) }
    }
    if !run.files.isEmpty {
      html.element("p") { line in
        line.add("Files of this run: ")
        for (index, file) in run.files.enumerated() {
          if index > 0 { line.add(", ") }
          line.element("a", ["href": link(file)], text: file)
        }
        line.add(".")
      }
    }
  }
}
