import Operators
import Replay
import RequestLogs
import Scenarios
import TestSupport
import Testing

@testable import Reports

@Suite struct PipelineTimelineTests {
  private func drawn(
    _ toy: ToyScenario, window: Range<Nanoseconds> = Nanoseconds(.min)..<Nanoseconds(.max),
    most: Int = 1 << 20
  ) throws -> (trace: PerfettoTrace, kept: PipelineTrace, timeline: PipelineTimeline) {
    var kept = PipelineTrace(window: window)
    let timeline = PipelineTimeline(toy.plan, window: window, most: most)
    var sent = toy.outcomes.sorted { $0.number < $1.number }[...]
    let result = try PipelineSimulation(toy.plan).run(
      tracing: &kept, outcome: { timeline.add($0) }
    ) {
      sent.popFirst().map {
        var record = RequestRecord(
          id: "\($0.number)", arrival: $0.arrival, inputTokens: $0.promptTokens,
          outputTokens: $0.outputTokens)
        record.requestClass = $0.requestClass
        return record
      }
    }
    let trace = try withTemporaryPath("timeline.pftrace") { path in
      try timeline.write(to: path, as: .perfetto, title: "toy", kept, links: result.links)
      return try PerfettoTrace(path: path)
    }
    return (trace, kept, timeline)
  }

  @Test func `Every step, pass and stage is a slice of its engine, whose times add up`() throws {
    let toy = try ToyScenario()
    let (trace, kept, _) = try drawn(toy)
    #expect(trace.unknownTexts == 0)
    let slices = try #require(trace.slices)
    #expect(kept.steps.reduce(0) { $0 + Int($1.steps) } == toy.result.steps + toy.result.passes)
    #expect(slices.count { $0.track == "steps" } == kept.steps.count)
    // The busy time of each engine, by its own account and by its slices.
    var (engine, names): (Int, [String]) = (0, [])
    for pool in toy.plan.scenario.pools {
      if case .store = pool.service { continue }
      for number in 0..<pool.count {
        names.append("replayed: " + (pool.count > 1 ? "\(pool.name) \(number)" : pool.name))
      }
    }
    for name in names {
      defer { engine += 1 }
      let steps = slices.filter { $0.process == name && $0.track == "steps" }
      guard !steps.isEmpty else { continue }
      let busy = steps.reduce(0) { $0 + $1.duration }
      #expect(Int64(busy) == toy.result.engines[engine].busyTime.rawValue, "\(name)")
    }
    let stages = toy.outcomes.reduce(0) { $0 + $1.stages.count }
    #expect(
      trace.events.count { $0.kind == 1 && $0.category == "stage" && $0.name != "waits" } == stages)
  }

  @Test func `Bytes on a link are those that it counted, and stores and memory are links`() throws {
    let toy = try ToyScenario()
    let (trace, kept, _) = try drawn(toy)
    for (index, link) in toy.result.links.enumerated() {
      let carried = kept.transfers.filter { $0.links.contains(Int32(index)) }
      let bytes = carried.reduce(0) { $0 + $1.bytes }
      #expect(abs(bytes - link.bytes) <= 1e-6 * max(1, link.bytes), "\(link.name)")
      let slices = trace.slices?.filter {
        $0.process.hasPrefix("replayed: links") && $0.track.hasPrefix(link.name + " ")
      }
      #expect(slices?.isEmpty == carried.isEmpty, "\(link.name)")
    }
    #expect(Set(kept.transfers.map(\.purpose)).isSuperset(of: [.input, .read, .write]))
  }

  @Test func `Arrows follow each request from its sending through all of its stages`() throws {
    let toy = try ToyScenario()
    let (trace, _, _) = try drawn(toy)
    var points: [UInt64: Int] = [:]
    for event in trace.events { for flow in event.flows { points[flow, default: 0] += 1 } }
    for outcome in toy.outcomes where outcome.status == .finished {
      #expect(points[UInt64(outcome.number + 1)] == outcome.stages.count + 1)
    }
  }

  @Test func `A trace does not change what is simulated, and ends where it is full`() throws {
    let toy = try ToyScenario()
    var sent = toy.outcomes.sorted { $0.number < $1.number }[...]
    var small = PipelineTrace(most: 50)
    var outcomes: [JourneyOutcome] = []
    _ = try PipelineSimulation(toy.plan).run(tracing: &small, outcome: { outcomes.append($0) }) {
      sent.popFirst().map {
        var record = RequestRecord(
          id: "\($0.number)", arrival: $0.arrival, inputTokens: $0.promptTokens,
          outputTokens: $0.outputTokens)
        record.requestClass = $0.requestClass
        return record
      }
    }
    #expect(outcomes == toy.outcomes)
    #expect(small.steps.count + small.transfers.count <= 50)
    #expect(small.end != nil)
    let (_, _, timeline) = try drawn(toy, most: 40)
    #expect(timeline.end != nil)
    #expect(timeline.visits.count + timeline.trips.count <= 40)
  }

  @Test func `A window keeps what reaches into it`() throws {
    let toy = try ToyScenario()
    let window = Nanoseconds(1_000_000_000)..<Nanoseconds(1_200_000_000)
    let (_, kept, timeline) = try drawn(toy, window: window)
    #expect(!kept.steps.isEmpty && kept.steps.count < 60)
    #expect(
      kept.steps.allSatisfy {
        $0.start < window.upperBound && $0.start + $0.duration >= window.lowerBound
      })
    let inside = toy.outcomes.count {
      $0.arrival < window.upperBound && $0.end >= window.lowerBound
    }
    #expect(timeline.trips.count == inside && inside < toy.outcomes.count)
  }
}
