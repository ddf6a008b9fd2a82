import Foundation
import Operators
import Replay
import Scenarios
import TestSupport
import Testing

@testable import Reports

@Suite("Reports of a scenario")
struct ScenarioReportTests {
  private func file(_ summary: PipelineSummary) -> ScenarioResultFile {
    ScenarioResultFile(
      toolVersion: "0.1.0",
      inputs: [
        .init(
          role: "scenario", path: "a.yaml", sha256: String(repeating: "0a", count: 32), bytes: 7)
      ], scenario: "name: toy\nengines:\n\n", workload: ["speed": 2.5], summary: summary,
      warnings: ["something"])
  }

  @Test("as JSON keep to their schema, with everything in it and with nothing")
  func schema() throws {
    let schema = try SchemaCheck(file: "scenario-result.schema.json")
    let toys = [
      try ToyScenario(), try ToyScenario(requests: 0), try ToyScenario(requests: 1),
      try ToyScenario(change: {
        $0.network = []
        $0.objectives = nil
        $0.pipelines.removeFirst()
      }),
    ]
    for toy in toys {
      try withTemporaryPath("scenario-result.json") { path in
        try file(toy.summary).write(to: path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let value = try JSONSerialization.jsonObject(with: data)
        #expect(schema.problems(in: value) == [])
        let members = try #require(value as? [String: Any])
        #expect(members["scenario"] as? [String] == ["name: toy", "engines:", ""])
        try file(toy.summary).write(to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == data)
      }
    }
  }

  @Test("name every member that the schema names, where everything is known")
  func schemaIsExact() throws {
    let url = Checkout.url("TraceSchemas/scenario-result.schema.json")
    let root = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    let data = try indentedJSON(
      file(
        try ToyScenario(change: {
          $0.pipelines[1].stages.insert(
            Stage(name: "prefetch", action: .prefetch, pool: "rack-store"), at: 0)
          $0.pools[3].service = .store(
            StoreService(bandwidth: 4, latency: 50, hitRate: 0.7, writeBuffer: 0.01))
        }).summary))
    var missing: [String] = []
    func compare(_ value: Any, _ schema: [String: Any], _ path: String) {
      for (name, rule) in schema["properties"] as? [String: [String: Any]] ?? [:] {
        guard let member = (value as? [String: Any])?[name] else {
          missing.append("\(path).\(name)")
          continue
        }
        compare(member, rule, "\(path).\(name)")
      }
      // Of a list some value has each member.
      guard let items = schema["items"] as? [String: Any], let list = value as? [[String: Any]]
      else { return }
      var all: [String: Any] = [:]
      for value in list { all.merge(value) { $1 } }
      compare(all, items, "\(path)[]")
    }
    compare(try JSONSerialization.jsonObject(with: data), root, "$")
    // Only what is left of more than 32 classes bears the one, and here all requests end.
    #expect(missing.sorted() == ["$.summary.classes[].later", "$.summary.classes[].unfinished"])
  }

  @Test("as text say first whether the objectives hold, where the time goes and what is busiest")
  func verdict() throws {
    let summary = try ToyScenario().summary
    let lines = summary.verdict
    let objectives = try #require(summary.objectives)
    #expect(lines[0].hasPrefix(objectives.holds ? "SLO holds: all 6 limits" : "SLO broken: p"))
    #expect(lines[0].hasSuffix("1 of 100 did not finish"))
    let worst = try #require(summary.blame.first { $0.slowest == 0.01 }?.shares.first)
    let percent = Int((100 * worst.share).rounded())
    #expect(lines[1].hasPrefix("p99 TTFT is \(percent) % \(worst.part.word) \(worst.pool)"))
    #expect(lines[2].hasPrefix("p99 end to end is "))
    #expect(lines[3].hasPrefix("busiest engines: \(summary.busiestPool?.name ?? ""), "))
    let text = summary.text()
    #expect(text.hasPrefix(lines.joined(separator: "\n")))
    for word in ["rack-store", "=tokenize", "queue at prefill", "slowest 1 %", "requests rejected"]
    {
      #expect(text.contains(word), "\(word)")
    }
    #expect(!text.contains("n/a"))
    // Every latency is far below such limits, and far above these.
    for (requests, head) in [
      (200, "SLO holds: all 6 limits; goodput "),
      // One of those with several tokens is rejected, and later than all others.
      (
        100, "SLO broken: p99 TPOT is of requests that did not finish, limit 5000000.0 ms; goodput "
      ),
    ] {
      let fast = try ToyScenario(requests: requests) {
        $0.objectives = LatencyObjectives(timeToFirstToken: 1e6, timePerOutputToken: 1e6)
      }
      #expect(fast.summary.verdict[0].hasPrefix(head))
      #expect(fast.summary.text().contains("never") == (requests == 100))
    }
    let slow = try ToyScenario(
      requests: 200,
      change: {
        $0.objectives = LatencyObjectives(timeToFirstToken: 1e-3, timePerOutputToken: 1e6)
      })
    #expect(slow.summary.verdict[0].hasPrefix("SLO broken: p50 TTFT "))
    #expect(!slow.summary.verdict[0].contains("TPOT"))
  }

  @Test("of nothing are short, and of names of others safe for terminals")
  func edges() throws {
    let nothing = try ToyScenario(requests: 0).summary
    #expect(nothing.verdict[0] == "SLO broken: no request finished")
    #expect(nothing.text().contains("requests finished"))
    var cut = try ToyScenario(requests: 5).summary
    (cut.isCut, cut.unfinished, cut.requests) = (true, 1_000, 1_005)
    #expect(cut.verdict[0].hasSuffix("1,000 of 1,005 did not finish"))
    #expect(cut.verdict[1].hasPrefix("cut short after "))
    #expect(cut.verdict[1].contains(": 1,000 requests had not ended"))
    let bad = "a\u{1b}[2J\nb"
    let toy = try ToyScenario(
      requests: 5,
      change: { scenario in
        scenario.pools[5].name = bad
        scenario.pipelines.removeFirst()
        scenario.pipelines[0].stages[0].pool = bad
        scenario.objectives = nil
      })
    #expect(toy.summary.verdict[0] == "SLO: none is given (slo: in the scenario)")
    #expect(!toy.summary.text().contains("\u{1b}"))
    #expect(toy.summary.verdict.allSatisfy { !$0.contains("\n") })
  }
}

@Suite("Figures of a scenario")
struct ScenarioFigureTests {
  /// The widths of all rectangles of a colour other than the ground's.
  private func widths(_ svg: String, fill: String) -> [Double] {
    svg.split(separator: "\n").filter { $0.hasPrefix("<rect") && $0.contains("fill=\"\(fill)\"") }
      .compactMap { line in
        line.split(separator: " ").first { $0.hasPrefix("width=") }
          .flatMap { Double($0.dropFirst(7).dropLast()) }
      }
  }

  @Test("are well-formed, escaped, on a ground of their own, and the same each time")
  func wellFormed() throws {
    let toys = [
      try ToyScenario(), try ToyScenario(requests: 0),
      try ToyScenario(
        requests: 3,
        change: { scenario in
          let stages = scenario.pipelines[0].stages
          scenario.pipelines = (0..<40).map { StagePipeline(name: "p\($0)", stages: stages) }
        }),
    ]
    for toy in toys {
      for text in [
        CriticalPathFigure(title: "a <toy>", summary: toy.summary).svg,
        StagesFigure(title: "a <toy>", summary: toy.summary).svg,
      ] {
        #expect(text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(text.hasSuffix("</svg>\n"))
        #expect(text.contains("fill=\"#ffffff\""))
        #expect(!text.contains("n/a") && !text.contains("<toy>") && !text.contains("<&>"))
        #expect(text.utf8.count < 100_000)
      }
    }
    #expect(
      StagesFigure(title: "", summary: toys[2].summary).svg.contains(
        "120 more stages are not drawn"))
    #expect(
      StagesFigure(title: "", summary: toys[0].summary).svg
        == StagesFigure(title: "", summary: try ToyScenario().summary).svg)
  }

  @Test("have bars as long as what they show")
  func lengths() throws {
    let summary = try ToyScenario().summary
    let colours = BlameColours(summary.blame)
    let svg = CriticalPathFigure(title: "", summary: summary).svg
    for key in colours.keys {
      let shares = summary.blame.flatMap(\.shares).filter {
        $0.part == key.part && $0.pool == key.pool
      }
      // The first is that of the legend.
      let drawn = widths(svg, fill: colours.colour(of: key).fill)
      #expect(drawn.count >= shares.count + 1)
      for share in shares {
        #expect(drawn.contains { abs($0 - 660 * share.share) < 0.06 })
      }
    }
    let stages = summary.pipelines.flatMap(\.stages)
    let totals = stages.map { stage in
      [stage.meanTransfer, stage.meanQueue, stage.meanService].reduce(0.0) {
        $0 + Double($1?.rawValue ?? 0)
      }
    }
    let longest = try #require(totals.max())
    let drawn = widths(
      StagesFigure(title: "", summary: summary).svg, fill: BlameColours.colour(of: .service))
    for stage in stages {
      let width = 560 * Double(stage.meanService?.rawValue ?? 0) / longest
      #expect(drawn.contains { abs($0 - width) < 0.06 }, "\(stage.name)")
    }
  }
}
