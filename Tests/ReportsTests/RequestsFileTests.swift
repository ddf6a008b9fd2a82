import Foundation
import Operators
import Replay
import Reports
import TestSupport
import Testing
import Validation

@Suite("requests.csv")
struct RequestsFileTests {
  @Test("reads back as it was written, whatever the names hold")
  func roundTrip() throws {
    var rows = try ToyRun().rows
    // Of some requests nothing but the end was measured.
    for index in [2, 11] {
      rows[index].measured?.timeToFirstToken = nil
      rows[index].measured?.timePerOutputToken = nil
    }
    let read = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write(rows, to: path)
      return try RequestsFile.read(path)
    }
    #expect(read.map(\.id) == rows.map(\.id))
    #expect(read.map(\.measured) == rows.map(\.measured))
    #expect(read.map(\.roofline) == rows.map(\.roofline))
    for (left, right) in zip(read, rows) where right.outcome.status == .finished {
      #expect(left.outcome == right.outcome)
    }
    let validation = try Validation(rows: read)
    #expect(validation == (try Validation(rows: rows)))
    #expect(validation.counts.paired == 39)
  }

  @Test("leaves out columns that no row fills, and times of requests that did not finish")
  func columns() throws {
    let run = try ToyRun()
    var rows = RequestRow.rows(log: run.log, outcomes: run.outcomes)
    for index in rows.indices { rows[index].measured = nil }
    let text = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write(Array(rows[7...8]), to: path)
      return try String(contentsOfFile: path, encoding: .utf8)
    }
    let lines = text.split(separator: "\n")
    #expect(
      lines[0]
        == "id,status,engine,arrival_ns,queue_ns,ttft_ns,tpot_ns,end_to_end_ns,input_tokens,"
        + "output_tokens,cached_tokens,preemptions,reason")
    #expect(lines[1].contains(",rejected,"))
    #expect(lines[1].contains(",,,,"))
  }

  @Test(
    "names why a request was rejected, and reads it back",
    arguments: RequestOutcome.Rejection.allCases)
  func reasons(reason: RequestOutcome.Rejection) throws {
    var row = try ToyRun(requests: 10).rows[0]
    row.outcome.status = .rejected
    row.outcome.rejection = reason
    let read = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write([row], to: path)
      return try RequestsFile.read(path)
    }
    #expect(read.first?.outcome.rejection == reason)
  }

  @Test(
    "never begins a cell as a formula",
    arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "'", "a", "", "'\u{301}x"])
  func formulas(id: String) throws {
    var row = try ToyRun(requests: 10).rows[0]
    row.id = id
    try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write([row], to: path)
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let cell = try #require(text.split(separator: "\n").last?.unicodeScalars.first)
      #expect(!["=", "+", "-", "@", "\t"].contains(cell))
      #expect(try RequestsFile.read(path).first?.id == id)
    }
  }

  @Test(
    "names the line of what it cannot read",
    arguments: [
      ("", "it is empty"), ("id,id\n", ":1: the column \"id\" is there twice"),
      ("id,status\n", ":1: the column \"engine\" is missing"),
      ("HEADER\na,finished\n", ":2: it has 2 cells where the header has 12"),
      ("HEADER,reason\na,rejected,0,0,,,,,1,1,0,0,no\n", ":2: the reason \"no\" is unknown"),
      ("HEADER\na,done,0,0,0,0,0,0,1,1,0,0\n", ":2: the status \"done\" is unknown"),
      ("HEADER\na,finished,0,0,0,x,0,0,1,1,0,0\n", ":2: ttft_ns is \"x\", not a whole number"),
      ("HEADER\na,finished,0,0,0,0,0,0,99999999999,1,0,0\n", ":2: input_tokens is"),
    ])
  func badLines(text: String, message: String) throws {
    let header =
      "id,status,engine,arrival_ns,queue_ns,ttft_ns,tpot_ns,end_to_end_ns,input_tokens,"
      + "output_tokens,cached_tokens,preemptions"
    try withTemporaryPath("requests.csv") { path in
      try text.replacingOccurrences(of: "HEADER", with: header)
        .write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ReportError.self) { try RequestsFile.read(path) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }
}
