import CostModel
import Foundation
import Operators
import Replay
import TestSupport
import Testing
import TraceIO

@testable import Reports

@Suite("timeline.pftrace")
struct PerfettoTests {
  private func timeline(_ run: ToyRun) -> Timeline {
    Timeline(
      title: "a toy", log: run.log, result: run.result, engineNames: ["first"],
      price: { run.model.price($0.shape) })
  }

  private func trace(_ timeline: Timeline) throws -> PerfettoTrace {
    try withTemporaryPath("timeline.pftrace") { path in
      try timeline.write(to: path, as: .perfetto)
      return try PerfettoTrace(path: path)
    }
  }

  @Test(
    "holds the very slices of timeline.json, each closed, with every text told before it is named")
  func same() throws {
    let run = try ToyRun()
    let trace = try trace(timeline(run))
    #expect(trace.blocks > 0)
    #expect(trace.unknownTexts == 0)
    let slices = try #require(trace.slices)
    let json = try withTemporaryPath("timeline.json") { path in
      try timeline(run).write(to: path, as: .chrome)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    typealias Object = [String: Any]
    let root = try #require(try JSONSerialization.jsonObject(with: json) as? Object)
    let events = try #require(root["traceEvents"] as? [Object])
    var names: [String: String] = [:]
    for event in events where event["ph"] as? String == "M" {
      guard let name = (event["args"] as? Object)?["name"] as? String else { continue }
      let isProcess = event["name"] as? String == "process_name"
      names["\(event["pid"] ?? "")/\(isProcess ? "-" : "\(event["tid"] ?? "")")"] = name
    }
    let expected = events.filter { $0["ph"] as? String == "X" }.map { event in
      func nanoseconds(_ key: String) -> UInt64 {
        UInt64(((event[key] as? Double ?? -1) * 1_000).rounded())
      }
      return PerfettoTrace.Slice(
        process: names["\(event["pid"] ?? "")/-"] ?? "",
        track: names["\(event["pid"] ?? "")/\(event["tid"] ?? "")"] ?? "",
        name: event["name"] as? String ?? "", start: nanoseconds("ts"),
        duration: nanoseconds("dur"))
    }
    func counts(_ slices: [PerfettoTrace.Slice]) -> [PerfettoTrace.Slice: Int] {
      Dictionary(slices.map { ($0, 1) }, uniquingKeysWith: +)
    }
    #expect(slices.count > 200)
    #expect(counts(slices) == counts(expected))
  }

  @Test("has the measured run above the replayed one, and counters that end at nothing")
  func tracks() throws {
    let trace = try trace(timeline(try ToyRun()))
    let processes = trace.tracks.values.filter { $0.process != nil }.sorted {
      ($0.rank ?? 0) < ($1.rank ?? 0)
    }
    #expect(processes.map(\.name) == ["measured", "replayed: first", "replayed: engine 1"])
    let counters = trace.tracks.filter { $0.value.isCounter }
    #expect(
      Set(counters.map(\.value.name)) == [
        "requests: running", "requests: waiting", "KV blocks: in use",
      ])
    for (number, _) in counters {
      let values = trace.events.filter { $0.kind == 4 && $0.track == number }
      #expect(values.last?.value == 0)
      // Only what changed is written.
      #expect(zip(values, values.dropFirst()).allSatisfy { $0.value != $1.value })
    }
    #expect(trace.events.contains { $0.kind == 3 && $0.name == "rejected bench-7" })
  }

  @Test("says of each step what its time rests on, with shares that add up to its time")
  func evidence() throws {
    let trace = try trace(timeline(try ToyRun()))
    let steps = trace.events.filter { $0.kind == 1 && $0.category == "step" }
    #expect(steps.allSatisfy { $0.arguments["rests_on"] == "analytical" })
    #expect(steps.allSatisfy { Int64($0.arguments["analytical_ns"] ?? "") ?? 0 > 0 })
    let measured = trace.events.filter { $0.arguments["rests_on"] == "the log" }
    #expect(measured.count == 39)
  }

  @Test("has each finished request's arrow through two or three slices, ended once")
  func flows() throws {
    let run = try ToyRun(engines: 1, isSplit: true)
    let trace = try trace(timeline(run))
    var points: [UInt64: [UInt64]] = [:]
    var ends: [UInt64: Int] = [:]
    for event in trace.events {
      #expect(Set(event.flows).isDisjoint(with: event.endingFlows))
      for flow in event.flows + event.endingFlows { points[flow, default: []].append(event.time) }
      for flow in event.endingFlows { ends[flow, default: 0] += 1 }
    }
    let finished = run.outcomes.indices.filter { run.outcomes[$0].status == .finished }
    #expect(Set(points.keys) == Set(finished.map { UInt64($0 + 1) }))
    #expect(points.values.allSatisfy { (2...4).contains($0.count) })
    #expect(points.values.contains { $0.count == 4 })
    #expect(ends.values.allSatisfy { $0 == 1 } && ends.count == finished.count)
  }

  @Test("writes texts as they are where there are too many to number")
  func manyTexts() throws {
    var strings = InternedStrings()
    for index in 0..<InternedStrings.most {
      #expect(strings.number(of: "\(index)", in: .names) == UInt64(index + 1))
    }
    #expect(strings.takeFresh().count == InternedStrings.most)
    #expect(strings.number(of: "one more", in: .names) == nil)
    #expect(strings.number(of: "7", in: .names) == 8)
    #expect(strings.number(of: "one more", in: .texts) == 1)
    #expect(strings.takeFresh().map(\.text) == ["one more"])
  }
}
