import Foundation
import Operators
import Testing
import Validation

@testable import Reports

@Suite("Figures")
struct FigureTests {
  private func latencyFigure(_ run: ToyRun) -> LatencyFigure {
    let rows = run.rows
    return LatencyFigure(
      title: "a <toy> & \"more\"", measured: rows.compactMap(\.measured),
      replayed: rows.compactMap { RequestLatencies($0.outcome, id: $0.id) },
      roofline: rows.compactMap(\.roofline))
  }

  @Test("are well-formed, escaped, on a ground of their own, and the same each time")
  func wellFormed() throws {
    let run = try ToyRun()
    let texts = [
      latencyFigure(run).svg, TimelineFigure(title: "<&>", steps: run.steps).svg,
      TimelineFigure(title: "nothing", steps: []).svg,
      LatencyFigure(title: "nothing", measured: [], replayed: []).svg,
    ]
    for text in texts {
      #expect(text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
      #expect(text.hasSuffix("</svg>\n"))
      #expect(text.contains("fill=\"#ffffff\""))
      #expect(!text.contains("n/a"))
      #expect(!text.contains("<toy>") && !text.contains("<&>"))
    }
    #expect(latencyFigure(run).svg == texts[0])
    #expect(texts[0].contains("Replay: mean "))
    #expect(texts[0].contains("Roofline: mean "))
  }

  @Test("of long logs stay small")
  func size() {
    let many = (0..<100_000).map {
      RequestLatencies(
        id: "\($0)", timeToFirstToken: Nanoseconds($0 * 1_000), timePerOutputToken: Nanoseconds($0),
        endToEnd: Nanoseconds($0))
    }
    #expect(LatencyFigure(title: "", measured: many, replayed: many).svg.utf8.count < 100_000)
  }

  @Test(
    "have round ticks",
    arguments: [
      (10.0, 5, [0, 2, 4, 6, 8, 10.0], 0), (0.9, 6, [0, 0.2, 0.4, 0.6, 0.8], 1),
      (153, 6, [0, 50, 100, 150], 0), (1, 1, [0, 1], 0), (0, 3, [0], 0),
      (7, 10, [0, 1, 2, 3, 4, 5, 6, 7], 0),
    ] as [(Double, Int, [Double], Int)])
  func ticks(end: Double, count: Int, expected: [Double], decimals: Int) {
    let ticks = TimeAxis.ticks(upTo: end, count: count)
    #expect(ticks.ticks.count == expected.count)
    #expect(zip(ticks.ticks, expected).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(ticks.decimals == decimals)
  }

  @Test(
    "choose a unit that people read",
    arguments: [
      (500, "ns"), (5_000, "µs"), (5_000_000, "ms"), (90_000_000_000, "s"),
      (3_600_000_000_000, "min"), (86_400_000_000_000, "h"), (0, "ns"),
    ] as [(Int64, String)])
  func units(longest: Int64, unit: String) {
    #expect(TimeAxis(longest: Nanoseconds(longest), count: 5).unit == unit)
  }
}
