import CostModel
import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing

@testable import Replay

/// Prefix caching on content that a log names, with memory for all of it.
@Suite struct MooncakeTests {
  /// The replayed records' blocks found and asked for, of 512 tokens.
  ///
  /// - Parameter wholeNames: whether each prompt is lengthened to the end of its last name and a token
  ///   more. A server's cache holds full blocks only, and computes the last token always; the published
  ///   rates count a partial last block, which has a name in these logs, like any other.
  private func blocks(_ records: [RequestRecord], wholeNames: Bool) throws -> (found: Int, all: Int)
  {
    let whole = records.map { record in
      var record = record
      record.outputTokens = 1
      if wholeNames { record.inputTokens = record.content.count * 512 + 1 }
      return record
    }
    let simulation = try Simulation(
      deployment: makeDeployment(
        sequences: 1024, budget: 1 << 20, length: 1 << 20, block: 512, blocks: 1 << 20),
      pricings: [LinearStepModel(perStep: 1)])
    let result = simulation.run(RequestTable(whole))
    #expect(result.count(of: .finished) == records.count)
    return (
      result.outcomes.reduce(0) { $0 + Int($1.cachedTokens) } / 512,
      records.reduce(0) { $0 + $1.content.count }
    )
  }

  /// The same by a set of names: a block is found if all names up to it were seen.
  private func counted(_ records: [RequestRecord], wholeNames: Bool) -> Int {
    var seen: Set<[UInt64]> = []
    var found = 0
    for record in records {
      let most = wholeNames ? record.content.count : (record.inputTokens - 1) / 512
      let full = wholeNames ? record.content.count : record.inputTokens / 512
      let prefixes = record.content.indices.map { Array(record.content[...$0]) }
      found += prefixes.prefix(most).prefix { seen.contains($0) }.count
      seen.formUnion(prefixes.prefix(full))
    }
    return found
  }

  @Test("Every block that could be found is, in a small log", arguments: [true, false])
  func small(wholeNames: Bool) throws {
    var random = SplitMix64(seed: 3)
    let records = (0..<400).map { index in
      let names = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        UInt64.random(in: 0...2, using: &random)
      }
      return request(
        Int64(index / 5) * 1000,
        input: names.count * 512 - Int.random(in: 0...511, using: &random), output: 1,
        content: names, tokensPerName: 512)
    }
    let (found, _) = try blocks(records, wholeNames: wholeNames)
    #expect(found == counted(records, wholeNames: wholeNames))
    #expect(found > 300)
  }

  @Test(
    "Mooncake's logs hit at their published rates", .needsSharedData,
    arguments: [("conversation", 105_710, 288_500, "36.6"), ("synthetic", 77_953, 121_877, "64.0")])
  func published(name: String, found: Int, all: Int, rate: String) throws {
    let log = try RequestLog(
      path: SharedData.path("request-logs/mooncake/\(name)_trace.jsonl.zst"))
    let blocks = try blocks(log.records, wholeNames: true)
    #expect(blocks == (found, all))
    let tenths = Int((1000 * Double(blocks.found) / Double(blocks.all)).rounded())
    #expect("\(tenths / 10).\(tenths % 10)" == rate)
  }
}
