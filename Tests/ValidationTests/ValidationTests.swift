import CostModel
import Foundation
import Operators
import Replay
import RequestLogs
import Testing
import Validation

private func latencies(_ id: String, ttft: Int64, tpot: Int64? = nil, endToEnd: Int64? = nil)
  -> RequestLatencies
{
  RequestLatencies(
    id: id, timeToFirstToken: Nanoseconds(ttft), timePerOutputToken: tpot.map(Nanoseconds.init(_:)),
    endToEnd: Nanoseconds(endToEnd ?? ttft * 10))
}

@Suite("A validation")
struct ValidationTests {
  @Test("compares each request with its own measurement, not with its rank's")
  func pairsByRequest() throws {
    let measured = [latencies("a", ttft: 100), latencies("b", ttft: 200)]
    let swapped = [latencies("b", ttft: 100), latencies("a", ttft: 200)]
    let ttft = try #require(
      try Validation(measured: measured, replayed: swapped)[.timeToFirstToken])
    #expect(ttft[.mean]?.differencePercent == 0)
    #expect(ttft.replayError?.meanAbsolutePercent == 75)
    #expect(ttft.replayError?.biasPercent == 25)
  }

  @Test("counts what it pairs, misses and leaves out")
  func counts() throws {
    let measured = ["warm", "a", "b", "c", "d"].map { latencies($0, ttft: 100) }
    let replayed: [RequestLatencies?] = [
      latencies("warm", ttft: 1), latencies("a", ttft: 110), latencies("b", ttft: 90), nil,
      latencies("d", ttft: 100), latencies("new", ttft: 5),
    ]
    let roofline = ["a", "b"].map { latencies($0, ttft: 50) }
    let validation = try Validation(
      measured: measured, replayed: replayed, roofline: roofline, excluding: ["warm"])
    #expect(validation.counts.measured == 5)
    #expect(validation.counts.paired == 2)
    #expect(validation.counts.missingFromReplay == 1)
    #expect(validation.counts.missingFromRoofline == 1)
    #expect(validation.counts.missingFromMeasured == 1)
    #expect(validation.counts.excluded == 1)
    let ttft = try #require(validation[.timeToFirstToken])
    #expect(ttft[.mean]?.rooflineDifferencePercent == -50)
    #expect(ttft.replayError?.meanAbsolutePercent == 10)
    #expect(ttft.replayError?.biasPercent == 0)
  }

  @Test("pairs by order where names repeat")
  func pairsByOrder() throws {
    let measured = [latencies("same", ttft: 100), latencies("same", ttft: 200)]
    #expect(throws: ValidationError.duplicateID(id: "same", side: "replayed")) {
      try Validation(measured: measured, replayed: measured)
    }
    let validation = try Validation(measured: measured, replayed: measured, pairing: .order)
    #expect(validation.counts.paired == 2)
    #expect(throws: ValidationError.unequalCounts(side: "roofline", count: 1, measured: 2)) {
      try Validation(
        measured: measured, replayed: measured, roofline: [nil], pairing: .order)
    }
  }

  @Test("takes time per output token only of requests that have one")
  func timePerOutputToken() throws {
    let measured = [latencies("a", ttft: 1, tpot: 30), latencies("b", ttft: 1)]
    let validation = try Validation(measured: measured, replayed: measured)
    #expect(validation[.timePerOutputToken]?.count == 1)
    #expect(validation[.endToEnd]?.count == 2)
  }

  @Test("of nothing says that it is unknown")
  func empty() throws {
    let validation = try Validation(measured: [], replayed: [])
    #expect(validation.metrics.allSatisfy { $0.verdict == .unknown && $0.rows.isEmpty })
    #expect(validation.verdicts.first == "TTFT: unknown, no request has it on every side.")
  }

  @Test("survives its JSON, whose keys are stable")
  func json() throws {
    let measured = (1...20).map { latencies("r\($0)", ttft: Int64($0) * 1_000, tpot: 7) }
    let replayed = (1...20).map { latencies("r\($0)", ttft: Int64($0) * 1_010, tpot: 7) }
    let validation = try Validation(
      measured: measured, replayed: replayed, roofline: measured,
      timeShares: TimeShares(
        device: [.measured: Nanoseconds(10), .interpolated: Nanoseconds(80)], host: Nanoseconds(10))
    )
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let data = try encoder.encode(validation)
    #expect(try JSONDecoder().decode(Validation.self, from: data) == validation)
    let text = String(decoding: data, as: UTF8.self)
    for key in [
      "\"metric\":\"ttft\"", "\"metric\":\"end_to_end\"", "\"measured_ns\":10500",
      "\"difference_percent\":1", "\"missing_from_replay\":0", "\"measurement_share\":0.9",
      "\"mean_absolute_percent\":", "\"percentile_method\":",
    ] {
      #expect(text.contains(key), "\(key) in \(text)")
    }
  }

  @Test(
    "gives a verdict that mean, tail and single requests must all deserve",
    arguments: [
      ([1.0, 1.0, 1.0, 1.0], Verdict.close), ([1.04, 1.04, 1.04, 1.04], .close),
      ([1.1, 1.1, 1.1, 1.1], .fair), ([0.5, 1.5, 0.5, 1.5], .poor), ([2, 2, 2, 2], .poor),
      ([1, 1, 1, 1.2], .fair),
    ])
  func verdicts(factors: [Double], expected: Verdict) throws {
    let measured = factors.indices.map { latencies("\($0)", ttft: 1_000_000) }
    let replayed = factors.enumerated().map {
      latencies("\($0.offset)", ttft: Int64(1_000_000 * $0.element))
    }
    let ttft = try Validation(measured: measured, replayed: replayed)[.timeToFirstToken]
    #expect(ttft?.verdict == expected)
    #expect(ttft?.verdictLine.hasPrefix("TTFT: \(expected.rawValue). Mean ") == true)
  }
}

@Suite("Latencies of a request")
struct RequestLatenciesTests {
  @Test("come from what a log measured")
  func record() {
    let record = RequestRecord(
      id: "x", arrival: Nanoseconds(5), inputTokens: 3, outputTokens: 5,
      measured: MeasuredTimes(
        scheduled: nil, firstToken: Nanoseconds(100), lastToken: Nanoseconds(142)))
    let latencies = RequestLatencies(record)
    #expect(latencies?.timeToFirstToken == Nanoseconds(100))
    #expect(latencies?.timePerOutputToken == Nanoseconds(11))
    #expect(latencies?.endToEnd == Nanoseconds(142))
  }

  @Test("of which the end alone was measured are compared by that, beside others")
  func ends() throws {
    func record(_ id: String, first: Int64?, last: Int64) -> RequestRecord {
      RequestRecord(
        id: id, arrival: .zero, inputTokens: 3, outputTokens: 5,
        measured: MeasuredTimes(
          scheduled: nil, firstToken: first.map { Nanoseconds($0) }, lastToken: Nanoseconds(last)))
    }
    let whole = RequestLatencies(record("a", first: nil, last: 100))
    #expect(whole?.timeToFirstToken == nil)
    #expect(whole?.timePerOutputToken == nil)
    #expect(whole?.endToEnd == Nanoseconds(100))
    let measured = [whole, RequestLatencies(record("b", first: 40, last: 80))]
    let replayed = ["a", "b"].map {
      RequestLatencies(
        id: $0, timeToFirstToken: Nanoseconds(44), timePerOutputToken: Nanoseconds(10),
        endToEnd: Nanoseconds(110))
    }
    let validation = try Validation(measured: measured, replayed: replayed)
    #expect(validation.counts.paired == 2)
    #expect(validation.metrics.map(\.count) == [1, 1, 2])
    #expect(validation[.timeToFirstToken]?.replayError?.biasPercent == 10)
    #expect(validation[.endToEnd]?[.mean]?.measured == Nanoseconds(90))
  }

  @Test("are absent where a replay did not finish", arguments: [true, false])
  func outcome(finished: Bool) {
    var outcome = RequestOutcome()
    outcome.status = finished ? .finished : .rejected
    outcome.arrival = Nanoseconds(10)
    outcome.firstToken = Nanoseconds(30)
    outcome.lastToken = Nanoseconds(30)
    outcome.outputTokens = 1
    let latencies = RequestLatencies(outcome, id: "x")
    #expect((latencies != nil) == finished)
    #expect(latencies?.timePerOutputToken == nil)
    #expect(latencies.map(\.endToEnd) == (finished ? Nanoseconds(20) : nil))
  }
}

@Suite("Latency statistics")
struct LatencyStatisticsTests {
  @Test(
    "interpolate between closest ranks as NumPy does",
    arguments: [
      (0.5, [1, 2, 3, 4], 3), (0.5, [10, 20], 15), (0.9, [0, 100], 90), (0.25, [0, 4, 8], 2),
      (0, [3, 9], 3), (1, [3, 9], 9), (0.99, [7], 7),
    ] as [(Double, [Int64], Int64)])
  func quantile(q: Double, values: [Int64], expected: Int64) {
    let sorted = values.map(Nanoseconds.init(_:))
    #expect(LatencyStatistics.quantile(q, ofSorted: sorted) == Nanoseconds(expected))
  }

  @Test("do not depend on the order of the values and know when there are none")
  func order() {
    let values = (1...100).map { Nanoseconds(Int64($0)) }
    let statistics = LatencyStatistics(values.reversed())
    #expect(statistics == LatencyStatistics(values))
    #expect(statistics?.p99 == Nanoseconds(99))
    #expect(statistics?.mean == Nanoseconds(51))
    #expect(LatencyStatistics([]) == nil)
  }

  @Test("survive the ends of the range")
  func extremes() {
    let values = [Nanoseconds(.min), Nanoseconds(.max)]
    #expect(LatencyStatistics(values)?.maximum == Nanoseconds(.max))
  }
}

@Suite("Simulated time")
struct TimeSharesTests {
  @Test("is split by evidence and says so in a sentence")
  func sentence() {
    var price = StepPrice(hostTime: 10, standardError: 10)
    price[.measured] = 30
    price[.interpolated] = 50
    price[.analytical] = 10
    let shares = TimeShares(price)
    #expect(shares.total == Nanoseconds(100))
    #expect(shares.share(of: .measured) == 0.3)
    #expect(
      shares.sentence
        == "80.0 % of simulated time rests on measurements (measured 30.0 %, interpolated 50.0 %, "
        + "analytical 10.0 %, host 10.0 %). Step times are sure to ±16.5 % (90 %), "
        + "if all steps err the same way.")
    #expect(TimeShares().measurementShare == 0)
  }
}
