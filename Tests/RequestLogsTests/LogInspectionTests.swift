import Foundation
import Operators
import TestSupport
import Testing

@testable import RequestLogs

@Suite("What is in a log before it is replayed")
struct LogInspectionTests {
  private func inspection(_ text: String, unit: LogTimeUnit? = nil) throws -> LogInspection {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "reprise-\(UInt64.random(in: .min ... .max)).log"
    ).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = RequestLogReader.Options()
    options.unit = unit
    return try LogInspection(path: path, options: options)
  }

  private func mooncake(_ stamps: [String], names: Int = 1) -> String {
    stamps.map {
      #"{"timestamp":\#($0),"input_length":\#(512 * names),"output_length":5,"hash_ids":"#
        + "\(Array(1...names))}"
    }.joined(separator: "\n")
  }

  @Test("finds Mooncake's logs in seconds where milliseconds make no sense, and asks")
  func seconds() throws {
    // As guidellm has them: three requests a second.
    let stamps = (0..<300).map { String($0 / 3) }
    let known = try inspection(mooncake(stamps))
    let doubt = try #require(known.summary.unitDoubt)
    #expect(doubt.readings.map(\.unit) == [.milliseconds, .seconds])
    #expect(abs(doubt.readings[1].rate - 300.0 / 99) < 1e-9)
    #expect(
      doubt.question(.mooncake)
        == "in which unit are its times? as milliseconds (--unit ms) 3030 requests/s over 0.099 s, "
        + "as seconds (--unit s) 3.03 requests/s over 99.0 s; they are read as milliseconds, as "
        + "Mooncake traces (JSONL) have them, but so many requests a second are rare")
    // The answer ends the doubt, and is followed.
    for (unit, span) in [
      (LogTimeUnit.seconds, 99.0), (.milliseconds, 0.099), (.microseconds, 99e-6),
    ] {
      let answered = try inspection(mooncake(stamps), unit: unit)
      #expect(answered.summary.unitDoubt == nil)
      #expect(abs(answered.summary.span.seconds - span) < 1e-12)
    }
  }

  @Test(
    "leaves sound logs alone, and doubts only what another unit explains",
    arguments: [
      // Three a second in milliseconds; a slow day; two requests that tell nothing.
      ((0..<300).map { String($0 * 333) }, nil), (["0", "5400000", "9000000"], nil),
      (["0", "1"], nil),
      // Nanoseconds read as milliseconds: one request in ten years or so.
      ((0..<20).map { String($0 * 300_000_000) }, [.milliseconds, .microseconds, .nanoseconds]),
      // Fractions of a millisecond at any rate.
      (["0.0", "0.25", "1.5"], [.milliseconds, .seconds]),
    ] as [([String], [LogTimeUnit]?)])
  func doubts(stamps: [String], units: [LogTimeUnit]?) throws {
    let known = try inspection(mooncake(stamps))
    #expect(known.summary.unitDoubt?.readings.map(\.unit) == units)
    #expect(known.summary.warnings.contains { $0.hasPrefix("in which unit") } == (units != nil))
  }

  @Test("takes a unit for formats alone whose rows do not tell theirs")
  func unitIsKnown() throws {
    let error = #expect(throws: RequestLogError.self) {
      try inspection(
        #"{"schema":"reprise.request-log","version":1}"# + "\n"
          + #"{"id":"a","arrival_ns":1,"input_tokens":3,"output_tokens":2}"#, unit: .seconds)
    }
    #expect(error?.description.contains("tell their unit; give none") == true)
    let burst = try inspection(
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        + "5,GPT-4,4,2,6,API log\n65,GPT-4,4,2,6,API log", unit: .milliseconds)
    #expect(burst.summary.span == Nanoseconds(60_000_000))
    let bailian = try inspection(
      #"{"chat_id":1,"parent_chat_id":-1,"timestamp":2500,"input_length":4,"output_length":2,"type":"t","turn":1,"hash_ids":[1]}"#
        + "\n"
        + #"{"chat_id":2,"parent_chat_id":-1,"timestamp":4000,"input_length":4,"output_length":2,"type":"t","turn":1,"hash_ids":[1]}"#,
      unit: .milliseconds)
    #expect(bailian.summary.span == Nanoseconds(1_500_000_000))
  }

  @Test("counts stamps, repeated rows, sessions, repeated content and what was measured")
  func figures() throws {
    let known = try inspection(
      #"{"schema":"reprise.request-log","version":1}"# + "\n"
        + [
          #""id":"a","arrival_ns":0,"content":[1,2,3],"session":"s","scheduled_ns":5,"first_token_ns":10,"last_token_ns":40"#,
          #""id":"b","arrival_ns":3000000,"content":[1,2,4],"session":"s","last_token_ns":3000900"#,
          #""id":"b","arrival_ns":3000000,"content":[2,2,4],"session":"t""#,
          #""id":"c","arrival_ns":3000000,"content":[2,2,4],"session":"t""#,
          #""id":"d","arrival_ns":1003000000,"content":[9,9,9],"session":"u""#,
        ].map { "{\($0),\"input_tokens\":48,\"output_tokens\":2,\"tokens_per_content_name\":16}" }
        .joined(separator: "\n"))
    #expect(known.resolution == Nanoseconds(1_000_000))
    #expect(known.typicalGap == Nanoseconds(1_000_000_000))
    #expect(known.busiestSecond == 4)
    #expect(known.summary.duplicateIDs == 1)
    #expect(known.repeatedRows == 1)
    #expect(known.sessions == 3)
    #expect(known.longestSession == 2)
    #expect(known.blockSizes == [16])
    #expect(known.contentNames == 15)
    #expect(known.repeatedContentNames == 5)
    #expect(known.summary.measured == 2)
    #expect(known.summary.measuredEnds == 1)
    #expect(known.timesToFirstToken == [Nanoseconds(10)])
    #expect(known.queueTimes == [Nanoseconds(5)])
    #expect(known.timesPerOutputToken == [Nanoseconds(30)])
    #expect(known.endToEnd == [Nanoseconds(40), Nanoseconds(900)])
    #expect(known.betterBlockSize == nil)
  }

  @Test("tells a block size that fits better than the format's")
  func blockSize() throws {
    let text = (0..<4).map {
      #"{"timestamp":\#($0 * 400),"input_length":128,"output_length":5,"hash_ids":[1,2,3,4,5,6,7,8]}"#
    }.joined(separator: "\n")
    #expect(try inspection(text).betterBlockSize == 16)
  }

  @Test(
    "of Mooncake's conversations is the published one, with its coarse stamps", .needsSharedData)
  func published() throws {
    let folder = SharedData.path("request-logs/mooncake")
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder).first {
        $0.hasPrefix("conversation")
      })
    let known = try LogInspection(path: "\(folder)/\(name)")
    #expect(known.summary.requests == 12_031)
    #expect(known.summary.distinctArrivals == 1_180)
    #expect(known.summary.unitDoubt == nil)
    // 36.6 % of blocks, as others found with a cache without bound.
    #expect(
      (1_000 * known.repeatedContentNames + known.contentNames / 2) / known.contentNames == 366)
  }
}
