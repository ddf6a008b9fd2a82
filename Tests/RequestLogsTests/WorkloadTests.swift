import Operators
import RequestLogs
import TestSupport
import Testing

@Suite("A workload")
struct WorkloadTests {
  private func record(_ seconds: Double, _ session: String? = nil, end: Double? = nil)
    -> RequestRecord
  {
    RequestRecord(
      id: "", arrival: Nanoseconds(seconds: seconds), inputTokens: 1, outputTokens: 1,
      measured: end.map {
        MeasuredTimes(
          scheduled: nil, firstToken: .zero, lastToken: Nanoseconds(seconds: $0 - seconds))
      }, session: session)
  }

  private func seconds(_ workload: ReplayWorkload) -> [Double] {
    workload.records.map(\.arrival.seconds)
  }

  @Test("is the log itself by default")
  func identity() {
    let records = [record(3, end: 4), record(1), record(2)]
    let workload = WorkloadOptions().workload(of: records)
    #expect(workload.records == records)
    #expect(workload.rows == [0, 1, 2])
    #expect(workload.turns == nil)
    #expect(workload.requestsPerSecond == 1.5)
  }

  @Test("at twice the speed has its arrivals and recorded pauses halved, and nothing measured")
  func speed() {
    var options = WorkloadOptions()
    options.speed = 2
    options.thinkTime = Nanoseconds(seconds: 7)
    let workload = options.workload(of: [
      record(10, "a", end: 11), record(15, "a"), record(30, "a"),
    ])
    #expect(seconds(workload) == [5, 7.5, 15])
    #expect(workload.turns?.thinkTimes.map(\.seconds) == [0, 2, 7])
    #expect(workload.recordsWithPauses.map { $0.thinkTime?.seconds } == [nil, 2, 7])
    #expect(workload.records.allSatisfy { $0.measured == nil })
  }

  @Test("thinned keeps or leaves sub-agents with the agent that called them")
  func thinAgents() {
    var options = WorkloadOptions()
    options.keptShare = 0.5
    var records: [RequestRecord] = []
    for agent in 0..<100 {
      for (name, parent) in [
        ("\(agent)", nil), ("\(agent)/a", "\(agent)"), ("\(agent)/a/b", "\(agent)/a"),
      ] {
        var call = record(Double(agent), name)
        call.parentSession = parent
        records.append(call)
      }
    }
    let kept = options.workload(of: records).records.compactMap(\.session)
    let agents = Dictionary(grouping: kept) { $0.prefix { $0 != "/" } }
    #expect((25...75).contains(agents.count))
    #expect(agents.values.allSatisfy { $0.count == 3 })
    // A circle is no way to hang.
    records[0].parentSession = records[2].session
    #expect(options.workload(of: records).records.count >= 3 * agents.count - 3)
  }

  @Test("of a window holds what arrives in it, on a clock that begins with it")
  func window() {
    var options = WorkloadOptions()
    options.window = Nanoseconds(seconds: 10)..<Nanoseconds(seconds: 20)
    // The log's first arrival is at 5 s, so the window is from 15 to 25 s.
    let records = [record(5), record(14.9), record(25), record(15), record(24)]
    let workload = options.workload(of: records)
    #expect(workload.rows == [3, 4])
    #expect(seconds(workload) == [0, 9])
    options.speed = 4
    #expect(seconds(options.workload(of: records)) == [0, 2.25])
  }

  @Test("thinned keeps whole sessions, about so many, by its seed", arguments: [0.1, 0.5, 0.9])
  func thin(share: Double) {
    var options = WorkloadOptions()
    options.keptShare = share
    // 2,000 sessions of one to five turns, and as many requests without one.
    var records: [RequestRecord] = []
    for session in 0..<2000 {
      for turn in 0...(session % 5) { records.append(record(Double(turn), "session \(session)")) }
      records.append(record(0))
    }
    var kept: [[Int]] = []
    for seed in 0..<4 as Range<UInt64> {
      options.seed = seed
      let workload = options.workload(of: records)
      #expect(workload == options.workload(of: records))
      var turns: [String: Int] = [:]
      for name in workload.records.compactMap(\.session) { turns[name, default: 0] += 1 }
      #expect(turns.allSatisfy { Int($0.key.split(separator: " ")[1])! % 5 + 1 == $0.value })
      // Four standard deviations of a binomial.
      let bound = 4 * (2000 * share * (1 - share)).squareRoot()
      #expect(abs(Double(turns.count) - 2000 * share) < bound)
      let alone = workload.records.count { $0.session == nil }
      #expect(abs(Double(alone) - 2000 * share) < bound)
      kept.append(workload.rows)
    }
    #expect(Set(kept).count == 4)
  }

  @Test("with ties spread has them evenly over the clock's step, and none past the next stamp")
  func ties() {
    var options = WorkloadOptions()
    options.spreadsTies = true
    // Whole seconds; the third stamp has a stray one close behind.
    var records = (0..<30).flatMap { second in
      (0..<(second % 4)).map { _ in record(Double(second)) }
    }
    records.append(record(2.5))
    let workload = options.workload(of: records)
    #expect(workload.tieQuantum == Nanoseconds(1_000_000_000))
    #expect(seconds(workload).prefix(6) == [1, 2, 2.25, 3, 3.333333333, 3.666666666])
    let sorted = workload.records.map(\.arrival).sorted()
    #expect(Set(sorted).count == records.count)
    // Nothing changes order, and the whole is no longer than a step more.
    #expect(workload.records.dropLast().map(\.arrival) == sorted.filter { $0.seconds != 2.5 })
    #expect(seconds(options.workload(of: [record(4), record(4)])) == [4, 4])
  }

  @Test("survives numbers at the ends of their range")
  func hostile() {
    let ends = [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max]
    let records = ends.flatMap { time in
      (0..<3).map { _ in
        RequestRecord(
          id: "", arrival: Nanoseconds(time), inputTokens: 1, outputTokens: 1, session: "s",
          thinkTime: Nanoseconds(.max), cancelled: Nanoseconds(.max))
      }
    }
    var options = WorkloadOptions()
    options.spreadsTies = true
    for speed in [1e-300, 1, 1e300] {
      options.speed = speed
      options.window = Nanoseconds(.min)..<Nanoseconds(.max)
      #expect(options.workload(of: records).logCount == records.count)
    }
    #expect(options.workload(of: []).requestsPerSecond == nil)
  }
}

@Suite("Turns of sessions")
struct SessionTurnsTests {
  private func record(
    _ arrival: Int64, _ session: String?, end: Int64? = nil, think: Int64? = nil
  ) -> RequestRecord {
    RequestRecord(
      id: "", arrival: Nanoseconds(arrival), inputTokens: 1, outputTokens: 1,
      measured: end.map {
        MeasuredTimes(
          scheduled: nil, firstToken: .zero, lastToken: Nanoseconds($0 - arrival))
      }, session: session, thinkTime: think.map { Nanoseconds($0) })
  }

  @Test("wait for the turn before them where nothing is measured, in any order of rows")
  func unmeasured() {
    let turns = SessionTurns(
      [
        record(30, "a"), record(0, "a"), record(5, "b"), record(10, "a"), record(10, nil),
        record(40, "a", think: 2),
      ], thinkTime: Nanoseconds(7))
    #expect(turns?.predecessors == [3, -1, -1, 1, -1, 0])
    #expect(turns?.thinkTimes.map(\.rawValue) == [7, 0, 0, 7, 0, 2])
  }

  @Test("wait for the latest recorded end before them, and not for turns sent beside them")
  func parallel() {
    // The first turn sends two at once, the longer of which the fourth waits for.
    let turns = SessionTurns([
      record(0, "a", end: 10), record(12, "a", end: 40), record(13, "a", end: 30),
      record(45, "a", end: 50), record(50, "a", end: 50), record(60, "a", end: 61),
    ])
    #expect(turns?.predecessors == [-1, 0, 0, 1, 3, 4])
    #expect(turns?.thinkTimes.map(\.rawValue) == [0, 2, 3, 5, 0, 0])
  }

  @Test("are none where no session has two requests")
  func none() {
    #expect(SessionTurns([record(0, nil), record(0, nil)]) == nil)
    #expect(SessionTurns([record(0, "a"), record(0, "b")]) == nil)
    #expect(SessionTurns([]) == nil)
  }

  @Test("equal those of a plain search, for random sessions", arguments: 0..<50 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let records = (0..<60).map { _ in
      let arrival = Int64(random.below(200))
      return record(
        arrival, ["a", "b", nil][random.below(3)],
        end: random.below(3) == 0 ? nil : arrival + 1 + Int64(random.below(60)))
    }
    let turns = SessionTurns(records)
    for (row, one) in records.enumerated() where one.session != nil {
      // Of those that had ended, or of which only the earlier arrival is known, the latest.
      let before = records.indices.filter { other in
        guard other != row, records[other].session == one.session else { return false }
        if let end = records[other].measured?.lastToken {
          return records[other].arrival + end <= one.arrival
        }
        return (records[other].arrival, other) < (one.arrival, row)
      }
      func end(_ other: Int) -> (Nanoseconds, Int, Int) {
        let known = records[other].measured?.lastToken
        return (records[other].arrival + (known ?? .zero), known == nil ? 1 : 0, other)
      }
      let expected = before.max { end($0) < end($1) } ?? -1
      #expect(Int(turns?.predecessors[row] ?? -1) == expected, "row \(row)")
    }
  }
}
