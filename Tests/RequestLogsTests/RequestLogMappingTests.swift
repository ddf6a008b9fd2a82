import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing
import TraceIO

private func read(_ text: String, by mapping: String, limit: Double = 0) throws -> RequestLog {
  var options = RequestLogReader.Options(badRowLimit: limit)
  options.mapping = try RequestLogMapping(bytes: Array(mapping.utf8))
  return try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: options))
}

@Suite("A log that a mapping describes")
struct RequestLogMappingTests {
  private static let fields = #"""
    "arrival": {"name": "at", "unit": "ms"}, "input_tokens": "in", "output_tokens": {"name": "out"},
    "session": "chat", "time_to_first_token": {"name": "ttft", "unit": "s"},
    "latency": {"name": "e2e", "unit": "us"}, "status": "code"
    """#
  private static let mapping = "{\"version\": 1, \"fields\": {\(fields)}}"
  private static let records = [
    RequestRecord(
      id: "1", arrival: .zero, inputTokens: 10, outputTokens: 3,
      measured: MeasuredTimes(
        scheduled: nil, firstToken: Nanoseconds(250_000_000), lastToken: Nanoseconds(900_000_000)),
      session: "a"),
    RequestRecord(id: "2", arrival: Nanoseconds(500_000), inputTokens: 11, outputTokens: 0),
  ]

  @Test("may be a table, whose columns stand in any order and case")
  func table() throws {
    let log = try read(
      "Code,AT,chat,in,out,ttft,e2e,note\n200,7.5,a,10,3,.25,900000,\"x,y\"\n503,8,,11,3,,,\n",
      by: Self.mapping)
    #expect(log.format == .mapped)
    #expect(log.records == Self.records)
  }

  @Test("may be a table without a header")
  func headless() throws {
    let log = try read(
      "7.5,10,3,a,.25,900000,ok\n8,11,0,,,,error\n",
      by: #"{"version":1,"columns":["at","in","out","chat","ttft","e2e","code"],"fields":{"#
        + Self.fields + "}}")
    #expect(log.records == Self.records)
  }

  @Test("may be JSON Lines, with members in members and a list of gaps")
  func lines() throws {
    let log = try read(
      #"{"t":"2026-01-01T00:00:00.5Z","usage":{"in":10,"out":3},"gaps":[1.5,2],"first":4}"# + "\n"
        + #"{"t":1767225601,"usage":{"in":11,"out":1},"first":null,"x":[{}]}"#,
      by: #"{"version":1,"fields":{"arrival":{"name":"t","unit":"date"},"input_tokens":"usage/in","#
        + #""output_tokens":"usage/out","time_to_first_token":{"name":"first","unit":"ms"},"#
        + #""token_gaps":{"name":"gaps","unit":"ms"}}}"#)
    #expect(log.records.map(\.arrival.rawValue) == [0, 500_000_000])
    #expect(log.records.map(\.inputTokens) == [10, 11])
    #expect(
      log.records[0].measured?.tokens.map(\.rawValue) == [4_000_000, 5_500_000, 7_500_000])
    #expect(log.records[1].measured == nil)
  }

  @Test("may say what a scenario does with each request")
  func ways() throws {
    let mapping =
      #"{"version":1,"fields":{"arrival":{"name":"at","unit":"s"},"input_tokens":"in","#
      + #""output_tokens":"out","difficulty":"d","stages":"way","passages":"p","passage_tokens":"pt"}}"#
    let table = try read(
      "at,in,out,d,way,p,pt\n0,9,1,0.25,retrieve; re rank ,2,8\n1,9,1,,,0,0\n", by: mapping)
    let lines = try read(
      #"{"at":0,"in":9,"out":1,"d":0.25,"way":["retrieve","re rank"],"p":2,"pt":8}"# + "\n"
        + #"{"at":1,"in":9,"out":1,"d":null,"p":0,"pt":0}"#, by: mapping)
    for log in [table, lines] {
      #expect(log.records.map(\.difficulty) == [0.25, nil])
      #expect(log.records.map(\.stages) == [["retrieve", "re rank"], nil])
      #expect(log.records.map(\.passages) == [2, 0])
      #expect(log.records.map(\.passageTokens) == [8, 0])
    }
    let bad = try read(
      "at,in,out,d,way,p,pt\n0,9,1,1.5,,,\n0,9,1,-0.1,,,\n0,9,1,,,1,9\n0,9,1,,"
        + String(repeating: "x;", count: 65) + ",,\n0,9,1,easy,,,\n0,9,1,1,,,\n", by: mapping,
      limit: 1)
    #expect(bad.records.map(\.difficulty) == [1])
    #expect(
      bad.problems.tallies.map { "\($0.problem) \($0.lines)" }
        == ["tokensOutOfRange [2, 3, 4, 5]", "badNumber [6]"])
  }

  @Test(
    "that is not what it should be says what to do",
    arguments: [
      ("[]", "it is not a JSON object"), ("{\"fields\": {}}", "it needs \"version\": 1"),
      (#"{"version": 1, "fields": {}}"#, "'fields' needs 'arrival'"),
      (#"{"version": 2}"#, "'version' is no key of it, or its value does not fit"),
      (
        #"{"version": 1, "fields": {"arrival": "t"}}"#,
        "'arrival' needs a unit: s, ms, us, ns, or date"
      ),
      (#"{"version": 1, "fields": {"id": {"name": "t", "unit": "s"}}}"#, "'id' has no unit"),
      (
        #"{"version": 1, "fields": {"latency": {"name": "t", "unit": "date"}}}"#,
        "'latency' needs a unit: s, ms, us or ns"
      ),
      (#"{"version": 1, "fields": {"id": "a", "id": "b"}}"#, "'id' is given twice"),
      (#"{"version": 1, "fields": {"id": {"unit": "s"}}}"#, "'id' needs the 'name' of its column"),
      (
        #"{"version":1,"fields":{"arrival":{"name":"t","unit":"s"},"input_tokens":"i","output_tokens":"o","time_to_first_token":{"name":"l","unit":"s"}}}"#,
        "a measurement needs the last token's time or the latency, beside the first one's"
      ),
    ])
  func bad(mapping: String, reason: String) {
    let error = #expect(throws: RequestLogError.self) {
      try RequestLogMapping(bytes: Array(mapping.utf8))
    }
    #expect(error == .badMapping(path: "mapping", reason: reason))
  }

  @Test("has the fields of its contract, with their units")
  func schema() throws {
    let path = Checkout.path("TraceSchemas/request-log-mapping.schema.json")
    func members(_ value: JSONValue?) -> [JSONValue.Member] {
      guard case .object(let members)? = value else { return [] }
      return members
    }
    func member(_ name: String, _ value: JSONValue?) -> JSONValue? {
      members(value).first { $0.name == name }?.value
    }
    let schema = try JSONValue.read(path: path).value
    let fields = members(
      member("properties", member("fields", member("properties", schema))))
    let error = #expect(throws: RequestLogError.self) {
      try RequestLogMapping(bytes: Array(#"{"version": 1, "fields": {"x": "y"}}"#.utf8))
    }
    guard case .badMapping(_, let reason) = try #require(error) else { return }
    #expect(reason == "'x' is no field; fields are " + Set(fields.map(\.name)).order(of: reason))
    for field in fields where field.name != "arrival" {
      let kind = member("$ref", field.value)
      let unit = kind == .string("#/$defs/plain") ? "" : #", "unit": "us""#
      let text =
        #"{"version": 1, "fields": {"\#(field.name)": {"name": "a"\#(unit)}}}"#
      let error = #expect(throws: RequestLogError.self) {
        try RequestLogMapping(bytes: Array(text.utf8))
      }
      #expect(error == .badMapping(path: "mapping", reason: "'fields' needs 'arrival'"))
    }
  }

  @Test("lacks a column that the mapping names")
  func missing() {
    let error = #expect(throws: RequestLogError.self) {
      try read("at,in,out\n1,2,3\n", by: Self.mapping)
    }
    #expect(
      error?.description.hasPrefix("mapping: the log has no column 'chat'; it has at, in, out;")
        == true)
  }
}

extension Set<String> {
  /// These names in the order in which a sentence has them, if it has them and no other behind its colon.
  fileprivate func order(of sentence: String) -> String {
    let names = sentence.components(separatedBy: "fields are ").last ?? ""
    let told = names.components(separatedBy: ", ")
    return Set(told) == self && told.count == count ? names : sorted().joined(separator: ", ")
  }
}
