import Foundation
import Operators
import Replay
import RequestLogs
import Testing
import Validation

@testable import Reports

@Suite("Tables of text")
struct TablesTests {
  @Test("align their columns and end no line in blanks")
  func table() {
    var table = TextTable([.init("name", .left), .init("n"), .init("note", .left)])
    table.add(["a", "1,000", "x"])
    table.add(["longer", "2"])
    table.addRule()
    #expect(
      table.text == """
        name        n  note
        ------  -----  ----
        a       1,000  x
        longer      2
        ------  -----  ----

        """)
  }

  @Test("of a validation fit into 100 columns and show every side")
  func validation() throws {
    let text = try Validation(rows: ToyRun().rows).text
    let lines = text.split(separator: "\n").prefix { !$0.contains("paired") }
    #expect(lines.allSatisfy { $0.count <= 100 })
    let heads = lines.first?.split(separator: " ").map(String.init)
    #expect(heads == ["ms", "measured", "replayed", "diff%", "roofline", "diff%"])
    #expect(text.contains("39 requests paired"))
    #expect(text.contains("TTFT: "))
  }

  @Test("of a run tell counts, rates and latencies")
  func summary() throws {
    let text = ReplaySummary(try ToyRun().result).text(engines: 2)
    // Column widths are not a contract.
    let words = text.split(separator: " ").joined(separator: " ")
    #expect(words.contains("requests finished 39 of 40"))
    #expect(words.contains("requests rejected 1"))
    #expect(text.contains("TTFT"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(ReplaySummary(try ToyRun(requests: 0).result).text.contains("0 of 0"))
    let split = ReplaySummary(try ToyRun(isSplit: true).result).text(engines: 4)
    #expect(!text.contains("travelled") && split.contains("keys and values travelled"))
    #expect(split.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test("of a log tell its figures and its warnings")
  func log() throws {
    var log = RequestLog(records: try ToyRun().log)
    log.records[1].outputTokens = 0
    let text = log.summary.text
    #expect(text.contains("measured latencies"))
    #expect(text.contains("warning: 1 of 40 requests generated nothing: failures in the log\n"))
  }

  @Test(
    "print numbers with fixed decimals",
    arguments: [
      (0.04, 1, true, "0.0"), (-0.04, 1, true, "0.0"), (0.05, 1, true, "+0.1"),
      (-12.345, 2, false, "-12.35"), (3, 0, false, "3"), (.infinity, 1, false, "n/a"),
      (0.001, 3, false, "0.001"), (1e300, 1, false, "n/a"),
    ] as [(Double, Int, Bool, String)])
  func numbers(value: Double, decimals: Int, signed: Bool, text: String) {
    #expect(fixedText(value, decimals: decimals, signed: signed) == text)
  }
}

@Suite("A progress bar")
struct ProgressBarTests {
  @Test("is silent unless it is on a terminal", arguments: [true, false])
  func silent(isTerminal: Bool) {
    let drawn = Sink()
    var time = ContinuousClock.now
    var bar = ProgressBar(
      "replaying", total: 2_000, isTerminal: isTerminal, draw: { drawn.text.append($0) },
      now: {
        time += .milliseconds(1)
        return time
      })
    for _ in 0..<2_000 { bar.advance() }
    bar.finish()
    #expect(drawn.text.isEmpty == !isTerminal)
    guard isTerminal else { return }
    #expect(drawn.text.count < 40)
    #expect(drawn.text.joined().contains("100 %  2,000 of 2,000"))
    #expect(drawn.text.last == "\n")
  }

  final class Sink {
    var text: [String] = []
  }
}
