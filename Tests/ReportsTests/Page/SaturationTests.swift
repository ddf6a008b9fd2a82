import Foundation
import Operators
import Replay
import TestSupport
import Testing

@testable import Reports

/// Queues whose end is known: one server that takes a fixed time (D/D/1), and Poisson arrivals (M/D/1).
@Suite("Saturation")
struct SaturationTests {
  /// The verdict on servers each of which takes `service` seconds a request, first come first served.
  private func saturation(
    _ arrivals: [Double], service: Double, servers: Int = 1,
    status: (Int) -> RequestOutcome.Status = { _ in .finished }
  ) throws -> Saturation {
    var free = Array(repeating: 0.0, count: servers)
    let rows = arrivals.enumerated().map { index, arrival in
      var outcome = RequestOutcome()
      outcome.status = status(index)
      let server = free.indices.min { free[$0] < free[$1] } ?? 0
      let start = max(arrival, free[server])
      free[server] = start + service
      outcome.arrival = Nanoseconds(rounding: 1e9 * arrival)
      outcome.scheduled = Nanoseconds(rounding: 1e9 * start)
      outcome.firstToken = Nanoseconds(rounding: 1e9 * (start + service / 2))
      outcome.lastToken = Nanoseconds(rounding: 1e9 * free[server])
      outcome.inputTokens = 10
      outcome.outputTokens = 2
      return RequestRow(id: "r\(index)", outcome: outcome)
    }
    var summary = ReplaySummary()
    summary.requests = rows.count
    summary.finished = rows.count { $0.outcome.status == .finished }
    return try withTemporaryPath("requests.csv") { path in
      let folder = String(path.dropLast("/requests.csv".count))
      try RequestsFile.write(rows, to: path)
      try ResultFile(toolVersion: "0", inputs: [], deployment: [:], summary: summary)
        .write(to: folder + "/result.json")
      return try ReportedRun(folder: folder).saturation
    }
  }

  private func poisson(_ count: Int, rate: Double, seed: UInt64) -> [Double] {
    var random = SplitMix64(seed: seed)
    var time = 0.0
    return (0..<count).map { _ in
      time -= log(1 - random.unit()) / rate
      return time
    }
  }

  @Test("an overloaded server serves at its own rate, however long the run")
  func overloaded() throws {
    // 10 a second come, 8 a second are served.
    let result = try saturation((0..<600).map { Double($0) / 10 }, service: 0.125)
    guard case .overloaded(let arriving, let served) = result.state else {
      Issue.record("\(result.state)")
      return
    }
    #expect(abs(arriving - 10) < 0.5)
    #expect(abs(served - 8) < 0.5)
    // 2 a second are left over for a minute.
    #expect(abs(try #require(result.peakWaiting) - 120) < 5)
  }

  @Test("a server with time to spare keeps up")
  func idle() throws {
    let result = try saturation((0..<600).map { Double($0) / 10 }, service: 0.05)
    guard case .keepsUp = result.state else {
      Issue.record("\(result.state)")
      return
    }
  }

  @Test("chance alone is never called overload below 80 % of capacity", arguments: 1...20)
  func chance(seed: Int) throws {
    let result = try saturation(poisson(500, rate: 8, seed: UInt64(seed)), service: 0.1)
    if case .overloaded = result.state { Issue.record("\(result.state)") }
  }

  @Test("a busy queue is told by the share of the time to first token that is waiting")
  func busy() throws {
    let result = try saturation(poisson(2000, rate: 9, seed: 3), service: 0.1)
    guard case .queueing(let share) = result.state else {
      Issue.record("\(result.state)")
      return
    }
    // M/D/1: ρ/(2(1−ρ)) services of waiting before half a service until the first token.
    #expect(abs(share - 0.9) < 0.08)
  }

  @Test("who is rejected waits for nothing, and makes no queue")
  func rejected() throws {
    let arrivals = (0..<600).map { Double($0) / 10 }
    let result = try saturation(arrivals, service: 0.05) { $0 % 4 == 0 ? .rejected : .finished }
    guard case .keepsUp = result.state else {
      Issue.record("\(result.state)")
      return
    }
    // Those that never end do wait.
    let stuck = try saturation(arrivals, service: 0.05) { $0 % 4 == 0 ? .unfinished : .finished }
    guard case .overloaded = stuck.state else {
      Issue.record("\(stuck.state)")
      return
    }
  }

  /// Longer than the arrivals take: none has ended by the last of them, and none waited.
  @Test("answers that outlast the arrivals make no queue", arguments: [20.0, 0.7])
  func long(service: Double) throws {
    let result = try saturation(
      (0..<100).map { Double($0) / 100 }, service: service, servers: 100)
    switch (result.state, service) {
    case (.atOnce, 20), (.keepsUp, 0.7): break
    default: Issue.record("\(result.state)")
    }
  }

  @Test("of a load that clients give up nothing else is said, and a few who do are no overload")
  func givenUp() throws {
    let arrivals = (0..<600).map { Double($0) / 10 }
    func state(_ everyOther: Int) throws -> Saturation.State {
      try saturation(arrivals, service: 0.05) { $0 % 10 < everyOther ? .cancelled : .finished }
        .state
    }
    guard case .keepsUp = try state(3), case .abandoned(let share) = try state(8) else {
      Issue.record("\(try state(3)), \(try state(8))")
      return
    }
    #expect(abs(share - 0.8) < 0.02)
  }

  @Test("what comes at one instant has no rate")
  func atOnce() throws {
    guard case .atOnce = try saturation(Array(repeating: 1, count: 60), service: 1).state else {
      Issue.record("a rate")
      return
    }
  }

  @Test("few requests say nothing")
  func few() throws {
    let result = try saturation((0..<49).map { Double($0) / 10 }, service: 1)
    guard case .unknown = result.state else {
      Issue.record("\(result.state)")
      return
    }
  }
}
