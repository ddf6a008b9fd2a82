import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

/// Synthetic runs whose transfers and waits are known, and a search of all as the oracle.
@Suite struct CollectiveMatchingTests {
  /// A run of `ranks` ranks over several groups; each rank's clock is off by hours.
  private struct Run {
    var ranks: [RankText]
    /// By operator and bytes: the transfers of all calls, in microseconds.
    var transfers: [String: [Int]] = [:]
    /// Each rank's waiting in microseconds.
    var waiting: [Int]

    init(seed: Int, ranks count: Int, numbered: Bool, calls: Int) {
      var random = SplitMix64(seed: UInt64(seed))
      ranks = (0..<count).map { RankText(rank: $0, of: count) }
      waiting = [Int](repeating: 0, count: count)
      let clocks = (0..<count).map { _ in 10_000 + random.below(1 << 30) }
      var now = 0
      let groups = [Array(0..<count), Array(0..<count / 2), Array(count / 2..<count)]
      for number in 0..<calls {
        let group = random.below(3)
        let members = groups[group]
        let (name, kind) = [("allreduce", "allReduce"), ("_allgather_base", "allGather")][
          random.below(2)]
        let elements = 64 << random.below(3)
        let transfer = 5 + random.below(40)
        let arrivals = members.map { _ in now + random.below(300) }
        let last = arrivals.max() ?? now
        for (member, arrival) in zip(members, arrivals) {
          ranks[member].collective(
            name, at: clocks[member] + arrival, for: last - arrival + transfer,
            elements: (elements, elements), group: "g\(group)", ranks: members,
            sequence: numbered ? number : nil)
          waiting[member] += last - arrival
        }
        let key = "\(kind) ranks=\(members.count) fp32 @\(4 * elements)"
        for member in members { transfers["\(member) \(key)", default: []].append(transfer) }
        now = last + transfer + 10
      }
    }
  }

  @Test("the wait for other ranks is told apart from the transfer", arguments: 1...12)
  func transfers(seed: Int) throws {
    let run = Run(seed: seed, ranks: 4, numbered: seed % 2 == 0, calls: 40)
    var traces = try run.ranks.map { try $0.read() }
    let totals = traces.map(\.coverage.total)
    CollectiveMatching.separateWaiting(in: &traces)
    for (rank, trace) in traces.enumerated() {
      for (sample, group) in zip(trace.samples, trace.groups) {
        let key = "\(rank) \(sample.operator) @\(sample.point[0])"
        let expected = try #require(run.transfers[key], "\(key)").map { Int64($0) * 1000 }
        #expect(sample.duration == DurationStatistics(expected))
        #expect(group.operationCount == expected.count)
        #expect(!sample.label.contains("waiting"))
      }
      #expect(trace.coverage[.collectiveWait].nanoseconds == Int64(run.waiting[rank]) * 1000)
      #expect(trace.coverage[.collectiveWait].count == 0)
      #expect(trace.coverage[.collectiveAndWait] == Tally())
      #expect(trace.coverage.total == totals[rank])
      #expect(trace.facts["collective_time"] == "transfer")
      #expect(trace.warnings.isEmpty)
      #expect(trace.arguments.contains("ranks="))
    }
  }

  @Test func `the order in which ranks are given does not matter`() throws {
    let run = Run(seed: 99, ranks: 4, numbered: true, calls: 30)
    var forward = try run.ranks.map { try $0.read() }
    var backward = try run.ranks.reversed().map { try $0.read() }
    CollectiveMatching.separateWaiting(in: &forward)
    CollectiveMatching.separateWaiting(in: &backward)
    #expect(forward.map(\.samples) == backward.reversed().map(\.samples))
    #expect(forward.map(\.arguments) == backward.reversed().map(\.arguments))
    // A second time changes the samples no more.
    var again = forward
    CollectiveMatching.separateWaiting(in: &again)
    #expect(again.map(\.samples) == forward.map(\.samples))
    #expect(again.map(\.coverage) == forward.map(\.coverage))
    // Nor does a trace of something else beside them.
    var beside = try run.ranks.map { try $0.read() } + [try KinetoReaderTests.product.read()]
    CollectiveMatching.separateWaiting(in: &beside)
    #expect(beside.dropLast().map(\.samples) == forward.map(\.samples))
  }

  @Test func `where a rank is missing its groups keep their waiting, and others do not`() throws {
    let run = Run(seed: 5, ranks: 4, numbered: true, calls: 60)
    var traces = try run.ranks[0..<3].map { try $0.read() }
    CollectiveMatching.separateWaiting(in: &traces)
    for trace in traces[0..<2] {
      for sample in trace.samples {
        #expect(sample.label.contains("waiting") == (sample.operator.attributes["ranks"] == 4))
      }
      #expect(trace.facts["collective_time"] == "partly transfer")
    }
    #expect(traces[2].coverage[.collective].count == 0)
  }

  @Test func `a window that starts later is matched by numbers, and not at all by order`() throws {
    for numbered in [true, false] {
      var ranks = (0..<2).map { RankText(rank: $0, of: 2) }
      for call in 0..<5 {
        for rank in 0..<2 where rank == 0 || call > 0 {
          ranks[rank].collective(
            "allreduce", at: 100 * call + 10 * rank + 10, for: 30 - 10 * rank, ranks: [0, 1],
            sequence: numbered ? call : nil)
        }
      }
      var traces = try ranks.map { try $0.read() }
      CollectiveMatching.separateWaiting(in: &traces)
      if numbered {
        #expect(traces.map(\.samples[0].duration.count) == [4, 4])
        #expect(traces.map(\.samples[0].duration.mean) == [20_000, 20_000])
        // The call that the other rank's window lacks is set aside whole.
        #expect(traces[0].coverage[.collectiveWait] == Tally(count: 1, nanoseconds: 70_000))
        #expect(traces[0].coverage.total == Tally(count: 5, nanoseconds: 150_000))
      } else {
        #expect(traces.map(\.coverage[.collective].count) == [0, 0])
        #expect(traces.map(\.coverage[.collectiveAndWait].count) == [5, 4])
      }
    }
  }

  @Test func `both ends of a transfer between two ranks are one call`() throws {
    var ranks = (0..<3).map { RankText(rank: $0, of: 3) }
    let all = [0, 1, 2]
    ranks[0].collective(
      "send", at: 10, for: 90, elements: (64, 0), ranks: all, more: ", \"Dst Rank\": 1")
    ranks[1].collective(
      "recv", at: 500, for: 15, elements: (0, 64), ranks: all, more: ", \"Src Rank\": 0")
    ranks[1].collective(
      "send", at: 600, for: 20, elements: (64, 0), ranks: all, more: ", \"Dst Rank\": 2")
    ranks[2].collective(
      "recv", at: 10, for: 44, elements: (0, 64), ranks: all, more: ", \"Src Rank\": 1")
    var traces = try ranks.map { try $0.read() }
    CollectiveMatching.separateWaiting(in: &traces)
    #expect(
      traces.map { $0.samples.map(\.duration.mean).sorted() } == [
        [15_000], [15_000, 20_000], [20_000],
      ])
    #expect(traces[0].samples[0].operator.description == "sendReceive ranks=2 fp32")
    #expect(traces[0].coverage[.collectiveWait].nanoseconds == 75_000)
  }

  @Test func `the devices of one trace are ranks as well`() throws {
    var fused = RankText(rank: 0, of: 2)
    for (device, duration) in [(0, 90), (1, 20)] {
      fused.collective(
        "allreduce", at: 100 - duration, for: duration, ranks: [0, 1], sequence: 1, device: device)
    }
    let trace = try fused.read()
    #expect(trace.samples[0].duration.mean == 20_000)
    #expect(trace.coverage[.collective] == Tally(count: 2, nanoseconds: 40_000))
    #expect(trace.coverage[.collectiveWait].nanoseconds == 70_000)
  }

  @Test func `traces that are not of one run are left alone`() throws {
    for (ranks, sizes) in [([0, 0], [2, 2]), ([0, 1], [2, 4])] {
      var traces = try zip(ranks, sizes).enumerated().map { index, run in
        var text = RankText(rank: run.0, of: run.1)
        text.collective("allreduce", at: 10, for: 10 + index, ranks: [0, 1], sequence: 1)
        return try text.read()
      }
      let before = traces.map(\.samples)
      CollectiveMatching.separateWaiting(in: &traces)
      #expect(traces.map(\.samples) == before)
      #expect(traces.map(\.arguments) == ["", ""])
    }
  }

  @Test func `traces that give no rank are numbered in their order`() throws {
    var traces = try (0..<2).map { index in
      var text = RankText(rank: 0, of: 2)
      text.trace.head = "\"schemaVersion\": 1"
      text.collective("allreduce", at: 10, for: 10 + 5 * index, ranks: [0, 1])
      return try text.read()
    }
    CollectiveMatching.separateWaiting(in: &traces)
    #expect(traces.map { $0.facts["rank"] } == ["0", "1"])
    #expect(traces.map { $0.facts["world_size"] } == ["2", "2"])
    #expect(traces.map(\.samples[0].duration.mean) == [10_000, 10_000])
  }

  @Test func `damage at any place ends in a comparison or an error`() throws {
    var texts = (0..<2).map { rank in
      var text = RankText(rank: rank, of: 2)
      text.collective("allreduce", at: 10, for: 10, ranks: [0, 1], sequence: 1)
      text.collective("send", at: 30, for: 10, ranks: [0, 1], more: ", \"Dst Rank\": 1")
      text.trace.events += [
        #"{"ph": "s", "id": 1, "pid": 7, "tid": 7, "ts": 5, "cat": "ac2g"}"#,
        #"{"ph": "B", "cat": "cpu_op", "name": "a", "pid": 7, "tid": 7, "ts": 5}"#,
        #"{"ph": "E", "pid": 7, "tid": 7, "ts": 6}"#,
        #"{"ph": "X", "cat": "cuda_runtime", "name": "l", "pid": 7, "tid": 7, "ts": 5, "dur": 1}"#,
      ]
      return Array(text.trace.text.utf8)
    }
    var random = SplitMix64(seed: 17)
    let alphabet = Array("{}[]\",:\\0129.eE+-tfnuBEsf \u{1}".utf8)
    let sound = texts
    for _ in 0..<1500 {
      let rank = random.below(2)
      texts[rank] = sound[rank]
      for _ in 0...random.below(4) {
        texts[rank][random.below(texts[rank].count)] = alphabet[random.below(alphabet.count)]
      }
      var traces = texts.compactMap { try? KinetoReader.read(bytes: $0) }
      let total = traces.map(\.coverage.total)
      CollectiveMatching.separateWaiting(in: &traces)
      #expect(traces.map(\.coverage.total) == total)
    }
  }
}
