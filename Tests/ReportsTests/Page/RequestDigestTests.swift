import Foundation
import Operators
import Replay
import TestSupport
import Testing
import Validation

@testable import Reports

@Suite("Requests in one pass")
struct RequestDigestTests {
  @Test("gives what the rows themselves say")
  func rows() throws {
    let rows = try ToyRun(requests: 300, engines: 2).rows
    let done = rows.filter { $0.outcome.status == .finished }
    let limit = Nanoseconds(400_000_000)
    let p90 = LatencyStatistics(done.map(\.outcome.endToEnd))?.p90 ?? .zero
    let digest = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write(rows, to: path)
      return try RequestDigest(
        path, limits: .init(timeToFirstToken: limit, timePerOutputToken: nil), slow: (p90, p90))
    }
    #expect(digest.requests == 300)
    #expect(digest.finished == done.count)
    #expect(digest.good == done.count { $0.outcome.timeToFirstToken <= limit })
    #expect(digest.tellsQueues)
    #expect(digest.lastEnd == done.map(\.outcome.lastToken).max())

    let slowest = done.sorted { $0.outcome.endToEnd > $1.outcome.endToEnd }.prefix(20)
    #expect(digest.slowestToEnd.map(\.endToEnd) == slowest.map(\.outcome.endToEnd))
    #expect(digest.slowestToEnd.first?.id == slowest.first?.id)
    let slowStart = done.sorted { $0.outcome.timeToFirstToken > $1.outcome.timeToFirstToken }
    #expect(digest.slowestToStart.first?.id == slowStart.first?.id)
    #expect(
      digest.slowestToStart.first?.measuredFirstToken == slowStart.first?.measured?.timeToFirstToken
    )

    let slow = done.filter { $0.outcome.endToEnd >= p90 }
    #expect(digest.spent.map(\.requests) == [done.count, slow.count, slow.count])
    let queue = slow.reduce(0.0) { $0 + Double($1.outcome.queueTime.rawValue) }
    let decode = slow.reduce(0.0) {
      $0 + Double(($1.outcome.lastToken - $1.outcome.firstToken).rawValue)
    }
    #expect(abs(digest.spent[1].queue - queue) < 1)
    #expect(abs(digest.spent[1].decode - decode) < 1)
  }

  @Test("leaves a warm-up out of all figures but those over time")
  func warmUp() throws {
    let rows = try ToyRun(requests: 300, engines: 2).rows
    let warmUp = rows[100].outcome.arrival
    let digests = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write(rows, to: path)
      let whole = try RequestDigest(path, warmUp: warmUp)
      try RequestsFile.write(Array(rows[100...]), to: path)
      return (whole, try RequestDigest(path))
    }
    let (whole, rest) = digests
    #expect(whole.rows == 300 && whole.requests == 200)
    #expect(whole.finished == rest.finished && whole.good == rest.good)
    #expect(whole.slowestToEnd.map(\.id) == rest.slowestToEnd.map(\.id))
    #expect(whole.spent[0].decode == rest.spent[0].decode)
    for metric in LatencyMetric.allCases {
      #expect(
        whole.quantile(0.9, .replayed, metric) == rest.quantile(0.9, .replayed, metric))
    }
    let arrivals = whole.load.amounts(RequestDigest.Channel.arrivals.rawValue)
    #expect(arrivals.reduce(0, +) == 300)
    #expect(whole.arrivals?.lowerBound == rows.map(\.outcome.arrival).min())
  }

  @Test("keeps each side's latencies to a thousandth", arguments: LatencyMetric.allCases)
  func latencies(metric: LatencyMetric) throws {
    let rows = try ToyRun(requests: 400).rows
    let digest = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write(rows, to: path)
      return try RequestDigest(path)
    }
    let sides: [(RequestDigest.Side, [RequestLatencies])] = [
      (.replayed, rows.compactMap { RequestLatencies($0.outcome, id: $0.id) }),
      (.measured, rows.compactMap(\.measured)), (.roofline, rows.compactMap(\.roofline)),
    ]
    for (side, latencies) in sides {
      let sorted = latencies.compactMap { $0[metric]?.rawValue }.sorted()
      for percent in [1, 25, 50, 90, 99, 100] {
        // Nearest rank.
        let rank = max(1, Int((Double(percent * sorted.count) / 100).rounded(.up)))
        let expected = Double(sorted[rank - 1])
        let value = try #require(digest.quantile(Double(percent) / 100, side, metric))
        #expect(abs(Double(value.rawValue) / expected - 1) < 0.001)
      }
    }
  }

  @Test("load over time adds up to requests, their time in flight and their tokens")
  func load() throws {
    let rows = try ToyRun(requests: 200).rows
    let done = rows.map(\.outcome).filter { $0.status == .finished }
    let digest = try withTemporaryPath("requests.csv") { path in
      try RequestsFile.write(rows, to: path)
      return try RequestDigest(path)
    }
    func sum(_ channel: RequestDigest.Channel) -> Double {
      digest.load.amounts(channel.rawValue).reduce(0, +)
    }
    let waiting = done.reduce(0.0) { $0 + Double($1.queueTime.rawValue) }
    let running = done.reduce(0.0) { $0 + Double(($1.lastToken - $1.scheduled).rawValue) }
    #expect(abs(sum(.arrivals) - 200) < 1e-6)
    #expect(abs(sum(.finished) - Double(done.count)) < 1e-6)
    #expect(abs(sum(.waiting) / waiting - 1) < 1e-9)
    #expect(abs(sum(.running) / running - 1) < 1e-9)
    #expect(abs(sum(.tokens) - Double(done.reduce(0) { $0 + Int($1.outputTokens) })) < 1e-3)
  }

  static let header =
    "id,status,engine,arrival_ns,queue_ns,ttft_ns,tpot_ns,end_to_end_ns,input_tokens,output_tokens"

  @Test(
    "names the line of what it cannot read, and never traps",
    arguments: [
      ("", "column \"id\" is missing"),
      ("id,status,arrival_ns\n", "column \"ttft_ns\" is missing"),
      (header + "\na,finished,0\n", ":2: it has 3 cells where the header has 10"),
      (header + "\na,finished,0,-5,0,1,1,1,1,1\n", ":2: arrival_ns is \"-5\""),
      (header + "\na,finished,0,9223372036854775807,0,1,1,1,1,1\n", ":2: arrival_ns is"),
      (header + "\na,finished,0,5,0,soon,1,1,1,1\n", ":2: ttft_ns is \"soon\""),
      (header + "\na,finished,0,5,0,1,1,,1,1\n", ":2: end_to_end_ns is \"\""),
    ])
  func damaged(text: String, reason: String) throws {
    try withTemporaryPath("requests.csv") { path in
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ReportError.self) { try RequestDigest(path) }
      #expect(error.map { "\($0)".contains(reason) } == true)
    }
  }

  @Test("takes the longest times that there can be")
  func extremes() throws {
    let most = (Int64(1) << 62) - 1
    try withTemporaryPath("requests.csv") { path in
      let row = "a,finished,0,\(most),0,\(most),\(most),\(most),1,\(most)\n"
      try (Self.header + "\n" + row).write(toFile: path, atomically: true, encoding: .utf8)
      let digest = try RequestDigest(path)
      #expect(digest.lastEnd.rawValue == 2 * most)
    }
  }
}
