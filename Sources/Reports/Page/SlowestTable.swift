import Operators
import Validation

/// The slowest requests of a run, each with a bar of its phases and the way into the timeline.
struct SlowestTable {
  private let run: ReportedRun
  private let link: (String) -> String

  init(_ run: ReportedRun, link: @escaping (String) -> String) {
    self.run = run
    self.link = link
  }

  func add(to html: inout HTML) {
    let toEnd = run.digest.slowestToEnd
    guard !toEnd.isEmpty else {
      html.element("p", text: "No request finished.")
      return
    }
    let timeline = run.files.first { $0.hasPrefix("timeline.") }
    html.element("p", ["class": "key"]) { key in
      if let timeline {
        key.add("Open ")
        key.element("a", ["href": link(timeline)], text: timeline)
        key.add(" in ui.perfetto.dev and search there for a request's name. ")
      }
      for name in run.digest.tellsQueues ? ["queue", "prefill", "decode"] : ["prefill", "decode"] {
        key.element("i", ["class": name]) { _ in }
        key.add(run.digest.tellsQueues || name == "decode" ? name : "until the first token")
      }
    }
    table(toEnd, "longest to their end", &html)
    guard !run.digest.slowestToStart.isEmpty else { return }
    html.element("details") { details in
      details.element("summary", text: "The slowest to their first token")
      table(run.digest.slowestToStart, "longest to their first token", &details)
    }
  }

  private func table(_ requests: [RequestDigest.Request], _ which: String, _ html: inout HTML) {
    let caption = "The \(counted(requests.count, "request")) that took \(which); times in ms."
    let longest = Double(requests.map(\.endToEnd.rawValue).max() ?? 1)
    let hasEngines = requests.contains { $0.engine != nil }
    let tellsQueues = run.digest.tellsQueues
    let isMeasured = requests.contains { $0.measuredEndToEnd != nil }
    var titles = ["sent at s"] + (tellsQueues ? ["queue"] : []) + ["TTFT", "TPOT", "end to end"]
    titles += (isMeasured ? ["measured"] : []) + ["input", "output"]
    titles += hasEngines ? ["engine"] : []
    let columns =
      [TextTable.Column("request", .left)] + titles.map { TextTable.Column($0) }
      + [TextTable.Column("phases", .left)]
    html.table(columns, caption: caption) { body in
      for request in requests {
        body.element("tr") { row in
          row.element("th", ["scope": "row", "class": "left"], text: shortened(request.id, to: 40))
          var cells = [fixedText(request.arrival.seconds, decimals: 3)]
          if tellsQueues { cells.append(request.queue.map(millisecondsText) ?? "") }
          cells += [
            request.firstToken.map(millisecondsText) ?? "",
            request.perToken.map(millisecondsText) ?? "",
            millisecondsText(request.endToEnd),
          ]
          if isMeasured { cells.append(request.measuredEndToEnd.map(millisecondsText) ?? "") }
          cells += [groupedText(Int(request.inputTokens)), groupedText(Int(request.outputTokens))]
          if hasEngines { cells.append(request.engine.map(String.init) ?? "") }
          for cell in cells { row.element("td", text: cell) }
          row.element("td", ["class": "left"]) { bar(request, longest, &$0) }
        }
      }
    }
  }

  private func bar(_ request: RequestDigest.Request, _ longest: Double, _ html: inout HTML) {
    let queue = Double((request.queue ?? .zero).rawValue)
    let firstToken = Double((request.firstToken ?? request.endToEnd).rawValue)
    let end = Double(request.endToEnd.rawValue)
    html.element("span", ["class": "bar", "aria-hidden": "true"]) { bar in
      for (name, from, to) in [
        ("queue", 0, queue), ("prefill", queue, firstToken), ("decode", firstToken, end),
      ] where to > from && longest > 0 {
        let left = fixedText(100 * from / longest, decimals: 2)
        let width = fixedText(100 * (to - from) / longest, decimals: 2)
        bar.element("i", ["class": name, "style": "left:\(left)%;width:\(width)%"]) { _ in }
      }
    }
  }
}
