import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Turns of sessions and of those that they called, against a look at all turns before.
@Suite struct SessionGateTests {
  private func turn(
    _ session: String, _ parent: String? = nil, at arrival: Int64, think: Int64? = nil
  ) -> RequestRecord {
    var record = request(arrival, input: 5, output: 1)
    record.session = session
    record.parentSession = parent
    record.thinkTime = think.map { Nanoseconds($0) }
    return record
  }

  /// What a replay does with turns that take 100 ns each, any number at once: when each was sent, in log order.
  private func sent(
    _ records: [RequestRecord], clients: Int? = nil, pause: Int64 = 0
  ) throws -> [Int64] {
    let pool = EnginePool(name: "web", service: .external(ExternalService()))
    var numbered = records
    // Turns of one session may be told apart by nothing else.
    for index in numbered.indices { numbered[index].inputTokens = 1 + index }
    let whole = try replayWhole(
      plan(
        [pool],
        [Stage(name: "call", action: .call(ExternalCall(duration: .constant(1e-7))), pool: "web")]),
      numbered
    ) {
      $0.clients = clients
      $0.clientPause = Nanoseconds(pause)
    }
    #expect(whole.leftovers == [])
    #expect(whole.result.finished == records.count)
    return whole.outcomes.sorted { $0.promptTokens < $1.promptTokens }.map(\.arrival.rawValue)
  }

  @Test(
    "A sub-agent begins after its caller's turn, and the caller goes on after all of its sub-agents"
  )
  func agents() throws {
    let times = try sent([
      turn("s", at: 0), turn("a", "s", at: 10, think: 7), turn("b", "s", at: 10, think: 9),
      turn("b", "s", at: 20, think: 50), turn("s", at: 30, think: 3), turn("c", "s", at: 40),
      turn("other", at: 41), turn("s", at: 45, think: 1),
    ])
    // s until 100; a from 107, b from 109 and again 50 after 209, until 359; s 3 after that, until 462; c at once;
    // the last turn after s and c.
    #expect(times == [0, 107, 109, 259, 362, 462, 41, 563])
  }

  @Test("A think time begins with the end of the turn before, also where that ended long ago")
  func thinking() throws {
    let times = try sent([
      turn("s", at: 0), turn("s", at: 150, think: 500),
      // The caller's turn ended at 700, its sub-agent's at 1100.
      turn("c", at: 600), turn("a", "c", at: 800, think: 300), turn("c", at: 1150, think: 60),
      turn("s", at: 10_000, think: 500),
    ])
    #expect(times == [0, 600, 600, 1000, 1160, 10_000])
  }

  @Test("What is drawn for a turn is the same whenever it is sent")
  func draws() throws {
    var found: [[String: Nanoseconds]] = []
    for seconds in [1e-7, 9e-7] {
      let call = ExternalCall(duration: .constant(seconds))
      let hard = ExternalCall(duration: .logNormal(mean: 1e-6, variation: 1))
      let stages = [
        Stage(name: "first", action: .call(call), pool: "web"),
        Stage(
          name: "hard", action: .call(hard), pool: "web",
          condition: StageCondition(difficultyAbove: 0.6)),
      ]
      let pool = EnginePool(name: "web", service: .external(ExternalService()))
      let records = (0..<80).map { number in
        var record = turn("\(number % 7)", at: Int64(number) * 50, think: 30)
        record.id = "r\(number)"
        return record
      }
      let (_, outcomes) = try replay(plan([pool], stages), records)
      #expect(outcomes.map(\.id) == records.map(\.id))
      var times: [String: Nanoseconds] = [:]
      for outcome in outcomes where outcome.stages.count == 2 {
        times[outcome.id] = outcome.stages[1].ended - outcome.stages[1].started
      }
      found.append(times)
    }
    #expect(found[0].count > 10 && found[0] == found[1])
  }

  @Test("What has ended is not waited for, whoever called it")
  func late() throws {
    let times = try sent([
      turn("s", at: 0), turn("a", "s", at: 500, think: 7), turn("s", at: 900, think: 5),
      // Nobody knows this caller, and who calls itself waits for itself alone.
      turn("b", "gone", at: 901, think: 5), turn("x", "x", at: 902), turn("x", "x", at: 903),
    ])
    #expect(times == [0, 500, 900, 901, 902, 1002])
  }

  @Test("Clients work sessions off as a list, whatever the recorded times", arguments: 0..<30)
  func clients(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let (clients, pause) = (Int(seed % 4) + 1, Int64(seed % 3) * 40)
    var records: [RequestRecord] = []
    for row in 0..<40 {
      var record = turn(
        "\(Int.random(in: 0..<12, using: &random))", at: Int64(7 * row),
        think: Int64.random(in: 0...90, using: &random))
      // A request without a session is one by itself.
      if row % 5 == 4 { record.session = nil }
      records.append(record)
    }
    var sessions: [[Int]] = []
    for (row, record) in records.enumerated() {
      if let name = record.session,
        let known = sessions.firstIndex(where: { records[$0[0]].session == name })
      {
        sessions[known].append(row)
      } else {
        sessions.append([row])
      }
    }
    // Each session goes to the client that is free first.
    var free = Array(repeating: Int64(0), count: clients)
    var expected = Array(repeating: Int64(0), count: records.count)
    for session in sessions {
      let client = try #require(free.indices.min { free[$0] < free[$1] })
      var time = free[client]
      for (place, row) in session.enumerated() {
        if place > 0 { time += records[row].thinkTime?.rawValue ?? 0 }
        expected[row] = time
        time += 100
      }
      free[client] = time + pause
    }
    #expect(try sent(records, clients: clients, pause: pause) == expected)
  }

  @Test(
    "A client sends those that its session called, too, and the next session after the last of them"
  )
  func callers() throws {
    let times = try sent(
      [
        turn("s", at: 0), turn("a", "s", at: 0, think: 7), turn("b", "a", at: 0, think: 9),
        turn("next", at: 0), turn("s", at: 0, think: 3), turn("last", at: 0),
      ], clients: 1, pause: 1)
    // s until 100, a until 207, b until 316; a has ended before, so that s goes on after 207.
    #expect(times == [0, 107, 216, 317, 210, 418])
  }

  @Test("Any tree of sessions is sent as looking at all turns before says", arguments: 0..<60)
  func random(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let parents: [String?] = [nil, "0", "0", "1", nil, "4"]
    var arrival: Int64 = 0
    let records = (0..<50).map { _ in
      arrival += Int64.random(in: 0...60, using: &random)
      let session = Int.random(in: 0..<parents.count, using: &random)
      return turn(
        "\(session)", parents[session], at: arrival,
        think: Bool.random(using: &random) ? Int64.random(in: 0...90, using: &random) : nil)
    }
    var ends: [Int64] = []
    var expected: [Int64] = []
    for (index, record) in records.enumerated() {
      let before = records[..<index]
      var awaited: [Int] = []
      let own = before.lastIndex { $0.session == record.session }
      func isOver(_ turn: Int) -> Bool { ends[turn] < record.arrival.rawValue }
      if let own, !isOver(own) {
        awaited.append(own)
      } else if let caller = record.parentSession,
        let turn = before.lastIndex(where: { $0.session == caller })
      {
        awaited.append(turn)
      }
      awaited += before.indices.filter {
        records[$0].parentSession == record.session && $0 > own ?? -1
      }
      // All of them may be over; then what it thinks about is its own last turn, or the caller's.
      var past = awaited.filter { records[$0].parentSession == record.session }
      past += [own ?? before.lastIndex { $0.session == record.parentSession }].compactMap(\.self)
      let open = awaited.filter { !isOver($0) }
      let last = (open.isEmpty ? past : open).map { ends[$0] }.max()
      let pause = record.thinkTime?.rawValue ?? 0
      let start = max(record.arrival.rawValue, last.map { $0 + pause } ?? 0)
      expected.append(start)
      ends.append(start + 100)
    }
    #expect(try sent(records) == expected)
  }
}
