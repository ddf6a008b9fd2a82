import Reports
import Scenarios
import Testing

@testable import Sweeps

/// What a sweep expands to, and what the merge makes of outcomes.
@Suite struct SweepManifestTests {
  static let base = """
    name: base
    engines:
      - {name: chat, count: 1}
      - {name: host, cores: 8}
    load: {rate: 5}
    """

  static func sweep(_ more: String) throws -> SweepDescription {
    try SweepDescription(yaml: "version: 1\npipeline: base.yaml\n" + more, path: "s.yaml")
  }

  static func manifest(_ more: String, version: String = "1", sha: String = "a") throws
    -> SweepManifest
  {
    let sweep = try sweep(more)
    return SweepManifest(
      sweep, try sweep.expanded(base: base, basePath: "base.yaml"), folder: "/x",
      inputs: [ResultFile.Input(role: "request-log", path: "l", sha256: sha)], toolVersion: version)
  }

  @Test func `Every combination is there once, the last column fastest`() throws {
    let sweep = try Self.sweep(
      "fields: {engines.chat.count: [1, 2], engines.1.cores: [4], load.rate: [5, 6, 7]}\nseeds: [8, 9]"
    )
    let all = try sweep.expanded(base: Self.base, basePath: "base.yaml")
    var expected: [[String]] = []
    for count in ["1", "2"] {
      for rate in ["5", "6", "7"] {
        for seed in ["8", "9"] { expected.append([count, "4", rate, seed]) }
      }
    }
    #expect(all.map(\.values) == expected)
    #expect(sweep.columns == ["engines.chat.count", "engines.1.cores", "load.rate", "seed"])
    #expect(all.last?.document.contains("rate: 7") == true)
    #expect(all.last?.document.contains("count: 2") == true)
    #expect(all.last?.document.contains("cores: 4") == true)
    #expect(all.last?.seed == 9)
  }

  @Test(
    arguments: [
      ("fields: {engines.none.count: [1]}", 3, "no place"),
      ("fields: {engines.2.count: [1]}", 3, "no place"),
      ("sedes: [1]", 3, "no key 'sedes'"), ("seeds: [1, 1]", 3, "twice"),
      ("seeds: [-1]", 3, "whole numbers"), ("speeds: [2]", 3, "of a log"),
      ("deployment: x.yaml", 3, "not both"), ("seeds: []", 3, "at least one"),
    ])
  func `A mistake is told with its line`(_ text: String, _ line: Int, _ message: String) {
    let error = #expect(throws: ScenarioError.self) {
      try Self.sweep(text).expanded(base: Self.base, basePath: "base.yaml")
    }
    #expect(error?.line == line)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func `A hash follows from all that decides the result, and nothing else`() throws {
    let seeds = "seeds: [1, 2, 3]"
    let hashes = try Self.manifest(seeds).scenarios.map(\.hash)
    #expect(Set(hashes).count == 3)
    #expect(try Self.manifest("name: other\n" + seeds).scenarios.map(\.hash) == hashes)
    #expect(try Self.manifest("seeds: [3, 1]").scenarios.map(\.hash) == [hashes[2], hashes[0]])
    for other in [
      try Self.manifest(seeds, version: "2"), try Self.manifest(seeds, sha: "b"),
      try Self.manifest("requests: 5\n" + seeds),
      try Self.manifest("fields: {load.rate: [6]}\n" + seeds),
    ] {
      #expect(Set(other.scenarios.map(\.hash)).isDisjoint(with: hashes))
    }
  }

  @Test(arguments: [1, 2, 3, 7, 50]) func `Shards hold each scenario once`(_ count: Int) {
    let all = (1...count).flatMap { SweepShard("\($0)/\(count)")?.indices(of: 20) ?? [] }
    #expect(all.sorted() == Array(0..<20))
  }

  @Test(arguments: ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b"])
  func `What is no shard is refused`(_ text: String) { #expect(SweepShard(text) == nil) }

  @Test func `The merge does not depend on the order, and names what is missing`() throws {
    let manifest = try Self.manifest("seeds: [1, 2, 3, 4, 5, 6]")
    let outcomes = try manifest.scenarios.dropLast().enumerated().map { index, scenario in
      index == 2
        ? SweepOutcome(hash: scenario.hash, error: "bad")
        : try SweepOutcome(hash: scenario.hash, summary: ["ttft": ["p50": index]], warnings: [])
    }
    let whole = try indentedJSON(SweepResults(manifest, outcomes))
    for _ in 0..<20 {
      #expect(try indentedJSON(SweepResults(manifest, outcomes.shuffled())) == whole)
    }
    let results = SweepResults(manifest, outcomes)
    #expect(results.missing == manifest.scenarios.suffix(1).map(\.hash))
    #expect(results.scenarios.map(\.error) == [nil, nil, "bad", nil, nil])
  }
}
