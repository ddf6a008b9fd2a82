import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing

private func read(_ text: String, limit: Double = 1) throws -> RequestLog {
  try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: .init(badRowLimit: limit)))
}

/// A caller that calls two sub-agents at once, and goes on when both have ended.
private func session(_ id: String, scope: String = "local") -> String {
  """
  {"id":"\(id)","models":["m"],"block_size":64,"hash_id_scope":"\(scope)","tool_tokens":9,"requests":[\
  {"t":0.0,"type":"s","model":"m","in":130,"out":5,"hash_ids":[1,2],"api_time":2.0,"ttft":0.25,\
  "think_time":0.0},\
  {"t":20.0,"type":"subagent","agent_id":"a1","duration_ms":15000,"requests":[\
  {"t":0.0,"type":"n","in":64,"out":2,"hash_ids":[9],"api_time":1.0,"think_time":0.0},\
  {"t":4.0,"type":"n","in":140,"out":3,"hash_ids":[9,10],"api_time":1.5,"think_time":3.0}]},\
  {"t":26.5,"type":"subagent","agent_id":"a2","duration_ms":21500,"requests":[\
  {"t":0.0,"type":"n","in":64,"out":2,"hash_ids":[9],"think_time":0.0}]},\
  {"t":30.0,"type":"n","in":200,"out":0,"hash_ids":[1,2,3],"think_time":28.0}],"totals":{}}
  """
}

@Suite("Sessions of coding agents")
struct AgentSessionTests {
  @Test("are their requests and those of sub-agents, which end at their time and begin before it")
  func order() throws {
    let log = try read(session("s"))
    #expect(log.format == .agentSessions)
    #expect(log.records.map(\.id) == ["s/0", "s/a1/0", "s/a2/0", "s/a1/1", "s/1"])
    #expect(log.records.map(\.arrival.seconds) == [0, 5, 5, 9, 30])
    #expect(log.records.map(\.inputTokens) == [130, 64, 64, 140, 200])
    #expect(log.records.map(\.session) == ["s", "s/a1", "s/a2", "s/a1", "s"])
    #expect(log.records.map(\.parentSession) == [nil, "s", "s", "s", nil])
    #expect(
      log.records.map(\.requestClass) == ["agent", "subagent", "subagent", "subagent", "agent"])
    // From the caller's end at 2 s; between the sub-agent's own; from the last sub-agent's end at 26.5 s.
    #expect(log.records.map(\.thinkTime?.seconds) == [nil, 3, 3, 3, 3.5])
    #expect(log.records[0].measured?.firstToken == Nanoseconds(250_000_000))
    #expect(log.records[0].measured?.lastToken == Nanoseconds(2_000_000_000))
    // Two more were timed as a whole.
    #expect(log.summary.measured == 3)
    #expect(log.summary.measuredEnds == 2)
    #expect(log.summary.withoutOutput == 1)
    #expect(log.summary.contentMisfits == 0)
    var summary = log.summary
    #expect(summary.warnings.count { $0.contains("all begin at once") } == 1)
    // Clients send the sessions one after another; other warnings stay.
    summary.leaveToClients()
    #expect(!summary.warnings.contains { $0.contains("at once") || $0.contains("together") })
    #expect(summary.warnings.contains { $0.contains("generated nothing") })
  }

  @Test("are waited for: a sub-agent waits for its caller, and the caller for its sub-agents")
  func turns() throws {
    let turns = try #require(SessionTurns(try read(session("s")).records))
    #expect(turns.predecessors == [-1, 0, 0, 1, 3])
    #expect(turns.thinkTimes.map(\.seconds) == [0, 3, 3, 3, 3.5])
  }

  @Test(
    "are waited for by recorded ends, where these are known: the caller waits for the last to end")
  func recordedEnds() throws {
    func request(_ session: String, _ parent: String?, from start: Double, to end: Double)
      -> RequestRecord
    {
      let length = Nanoseconds(seconds: end - start)
      var record = RequestRecord(
        id: session, arrival: Nanoseconds(seconds: start), inputTokens: 1, outputTokens: 1,
        measured: MeasuredTimes(scheduled: nil, firstToken: length, lastToken: length),
        session: session)
      record.parentSession = parent
      return record
    }
    let records = [
      request("s", nil, from: 0, to: 2), request("s/a", "s", from: 3, to: 10),
      request("s/b", "s", from: 3, to: 4), request("s/b", "s", from: 5, to: 6),
      request("s", nil, from: 11, to: 12), request("s", nil, from: 15, to: 16),
    ]
    let turns = try #require(SessionTurns(records))
    #expect(turns.predecessors == [-1, 0, 0, 2, 1, 4])
    #expect(turns.thinkTimes.map(\.seconds) == [0, 1, 1, 1, 1, 3])
  }

  @Test("have content names of their own, unless these are global, and share them with sub-agents")
  func scope() throws {
    let both = try read(session("s") + "\n" + session("r"))
    #expect(both.records.count == 10)
    #expect(both.outOfOrder == 0)
    #expect(both.records.map(\.arrival.seconds) == [0, 0, 5, 5, 5, 5, 9, 9, 30, 30])
    func content(_ id: String) -> [UInt64] { both.records.first { $0.id == id }?.content ?? [] }
    #expect(content("s/1").starts(with: content("s/0")))
    #expect(content("s/a1/0") == content("s/a2/0"))
    #expect(Set(content("s/1") + content("s/a1/1")).isDisjoint(with: content("r/1")))
    #expect(content("s/1").count == 3)
    let global = try read(session("s", scope: "global"))
    #expect(global.records.map(\.content) == [[1, 2], [9], [9], [9, 10], [1, 2, 3]])
    #expect(global.records.allSatisfy { $0.tokensPerContentName == 64 })
  }

  @Test("that are damaged are one bad row, and a bad request is one, too")
  func damage() throws {
    let cut = String(session("s").dropLast(30))
    let bad = session("q").replacingOccurrences(of: "\"in\":200", with: "\"in\":0")
    let late = session("p").replacingOccurrences(of: "\"ttft\":0.25", with: "\"ttft\":2.25")
    let far = session("o").replacingOccurrences(of: "\"t\":26.5", with: "\"t\":-9.3e9")
    let log = try read([session("r"), cut, bad, late, far].joined(separator: "\n"))
    #expect(log.records.count == 5 + 4 + 4)
    let tallies = log.problems.tallies.map { "\($0.problem) \($0.lines)" }
    #expect(
      tallies == [
        "notAnObject [2]", "tokensOutOfRange [3]", "timesOutOfOrder [4]", "timeOutOfRange [5]",
      ])
  }

  @Test("may lack what older files lack, and nest without end only so far")
  func variants() throws {
    let log = try read(#"{"id":"x","block_size":16,"requests":[{"t":1,"in":5,"out":1}]}"#)
    #expect(log.records.map(\.arrival.seconds) == [1])
    #expect(log.records[0].content.isEmpty && log.records[0].thinkTime == nil)
    var nested = #"{"t":0,"type":"n","in":5,"out":1}"#
    for _ in 0..<12 {
      nested =
        #"{"t":0,"type":"n","in":5,"out":1},{"t":9,"type":"subagent","requests":[\#(nested)]}"#
    }
    let deep = try read(#"{"id":"x","block_size":16,"requests":[\#(nested)]}"#)
    #expect(deep.records.count == 9)
    #expect(deep.records.contains { $0.session?.hasPrefix("x/agent at 9 s/") == true })
  }

  @Test("come back from a log of ours")
  func roundTrip() throws {
    let records = try read(session("s")).records
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("reprise-log-\(UInt64.random(in: .min ... .max)).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try RequestLogWriter.write(records, to: path)
    #expect(try RequestLog(path: path).records == records)
  }

  /// Counted by a script of its own from the files: requests, tokens, names, and those names that a cache
  /// without end would hold when a request with the same beginning comes after.
  @Test(
    "of the public traces hold what an independent count finds", .needsSharedData,
    arguments: [
      ("0026", 3, 0, 52_760, 5_294, 3, 822, 509, 146.0),
      ("0032", 3, 0, 383_525, 6_928, 3, 5_990, 3_954, 186.0),
      ("0291", 32, 12, 2_254_119, 19_504, 32, 35_209, 31_603, 1_363.0),
    ])
  func samples(
    name: String, requests: Int, ofAgents: Int, input: Int, output: Int, measured: Int, names: Int,
    hits: Int, last: Double
  ) throws {
    let path = "request-logs/kv_cache_tester/samples/trace_\(name).json"
    let log = try RequestLog(path: SharedData.path(path))
    #expect(log.problems.count == 0)
    #expect(log.records.count == requests)
    #expect(log.records.count { $0.parentSession != nil } == ofAgents)
    #expect(log.summary.inputTokens == input)
    #expect(log.summary.outputTokens == output)
    #expect(log.summary.measured == measured)
    #expect(log.summary.contentMisfits == 0)
    #expect(log.records.last?.arrival.seconds == last)
    let (all, found) = prefixHits(log.records)
    #expect(all == names)
    #expect(found == hits)
  }
}

/// Pieces of prompts, and those among them that an earlier prompt began with, too.
func prefixHits(_ records: [RequestRecord]) -> (pieces: Int, hits: Int) {
  var seen: Set<UInt64> = []
  var pieces = 0
  var hits = 0
  for record in records {
    var chain: UInt64 = 0
    var isHit = true
    for name in record.content {
      chain = SplitMix64.mixed(chain, name)
      pieces += 1
      isHit = !seen.insert(chain).inserted && isHit
      if isHit { hits += 1 }
    }
  }
  return (pieces, hits)
}
