import Operators
import Testing

@testable import Network

@Suite struct FlowNetworkTests {
  /// What a random network looks like: few links make large components, many make small ones.
  struct Shape: Sendable, CustomTestStringConvertible {
    var links: Int
    var longestPath: Int
    var flows: Int
    var isCapped: Bool
    var seed: UInt64

    var testDescription: String {
      "\(links) links, paths to \(longestPath), \(flows) flows, capped \(isCapped), seed \(seed)"
    }

    static let all: [Shape] = [1, 2, 5, 12, 40].flatMap { links in
      [1, 3, 6].flatMap { longest in
        [false, true].map { isCapped in
          Shape(
            links: links, longestPath: min(longest, links), flows: 24, isCapped: isCapped,
            seed: UInt64(links * 100 + longest * 10 + (isCapped ? 1 : 0)))
        }
      }
    }

    func path(_ random: inout SplitMix64) -> [Int32] {
      let length = Int.random(in: 1...longestPath, using: &random)
      return Array((0..<Int32(links)).shuffled(using: &random).prefix(length))
    }

    func capacities(_ random: inout SplitMix64) -> [Double] {
      // Few different ones, so that ties are common, and some odd ones.
      (0..<links).map { _ in
        Bool.random(using: &random)
          ? [1e9, 2e9, 5e9].randomElement(using: &random) ?? 1e9
          : Double.random(in: 1e8...5e9, using: &random)
      }
    }

    func limit(_ random: inout SplitMix64) -> Double {
      isCapped && Int.random(in: 0..<3, using: &random) > 0
        ? [1e8, 3e8, Double.random(in: 1e7...2e9, using: &random)].randomElement(using: &random)
          ?? 1e8
        : .infinity
    }
  }

  /// What the network under test should be doing now.
  struct Running {
    var flow: Int32
    var path: [Int32]
    var limit: Double
  }

  private func check(_ network: FlowNetwork, _ all: [Running]) {
    // A flow that has ended but was not taken is no longer on a link.
    let running = all.filter { network.flows[Int($0.flow)].state == .running }
    let capacities = (0..<network.linkCount).map(network.capacity)
    let expected = maxMinRates(
      capacities: capacities, flows: running.map { ($0.path, $0.limit) })
    var loads = Array(repeating: 0.0, count: capacities.count)
    var counts = Array(repeating: 0, count: capacities.count)
    var wrong: [Int32] = []
    for (one, rate) in zip(running, expected) {
      let ours = network.rate(of: one.flow)
      if abs(ours - rate) > 1e-8 * rate + 1e-3 { wrong.append(one.flow) }
      for link in one.path {
        loads[Int(link)] += ours
        counts[Int(link)] += 1
      }
    }
    #expect(wrong.isEmpty)
    #expect(zip(loads, capacities).allSatisfy { $0 <= $1 * (1 + 1e-9) })
    #expect(capacities.indices.map(network.flowCount) == counts)
  }

  @Test(
    "Rates are max-min fair whatever starts, ends, fails and is cancelled", arguments: Shape.all)
  func isFair(shape: Shape) {
    var random = SplitMix64(seed: shape.seed)
    var network = FlowNetwork(capacities: shape.capacities(&random))
    var running: [Running] = []
    var time: Int64 = 0
    for _ in 0..<120 {
      time = max(time, network.time)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5 where running.count < shape.flows:
        let (path, limit) = (shape.path(&random), shape.limit(&random))
        let bytes = Double.random(in: 1e3...1e6, using: &random)
        let flow = network.start(bytes: bytes, over: path, atMost: limit, at: time)
        running.append(Running(flow: flow, path: path, limit: limit))
      case 5:
        guard let index = running.indices.randomElement(using: &random) else { continue }
        network.cancel(running.remove(at: index).flow, at: time)
      case 6:
        let link = Int.random(in: 0..<shape.links, using: &random)
        let capacity = [0.0, 1e9, 2e9][Int.random(in: 0..<3, using: &random)]
        network.setCapacity(link, capacity, at: time)
      case 7:
        // Somewhere between two events.
        let next = network.nextEnd
        if next < .max, next > time { time += (next - time) / 2 }
      default:
        let next = network.nextEnd
        guard next < .max else { continue }
        let flow = network.popEnded(by: next)
        #expect(flow != nil && network.time == next)
        running.removeAll { $0.flow == flow }
        guard network.nextEnd > next else { continue }
      }
      check(network, running)
    }
  }

  @Test("Rates are max-min fair on a tree of switches with stores", arguments: [1, 2, 3])
  func isFairOnTree(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var topology = try Topology(levels: [
      .init(name: "node", members: 4, bandwidth: 4e9, latency: .zero),
      .init(name: "rack", members: 3, bandwidth: 10e9, latency: .zero, oversubscription: 2),
      .init(name: "hall", members: 2, bandwidth: 9e9, latency: .zero),
    ])
    for rack in 0..<2 {
      _ = try topology.attach(name: "store \(rack)", level: 1, group: rack, bandwidth: 8e9)
    }
    let archive = try topology.attach(name: "archive", level: 2, group: 0, bandwidth: 3e9)
    var network = FlowNetwork(capacities: topology.capacities)
    var running: [Running] = []
    for _ in 0..<200 {
      let from =
        Bool.random(using: &random) ? archive : Int.random(in: 0..<archive, using: &random)
      let path = topology.path(from: from, to: Int.random(in: 0..<archive, using: &random)).links
      let limit = path.isEmpty ? 1e9 : .infinity
      let bytes = Double.random(in: 1e4...1e6, using: &random)
      let flow = network.start(bytes: bytes, over: path, atMost: limit, at: network.time)
      running.append(Running(flow: flow, path: path, limit: limit))
      check(network, running)
      while running.count > Int.random(in: 20...40, using: &random) {
        let ended = network.popEnded(by: .max)
        running.removeAll { $0.flow == ended }
        check(network, running)
      }
    }
  }

  @Test("Ends are those of an exact fluid, and every byte is carried once", arguments: Shape.all)
  func isFluid(shape: Shape) {
    var random = SplitMix64(seed: shape.seed + 1)
    let capacities = shape.capacities(&random)
    var flows = (0..<shape.flows).map { _ in
      NaiveFlow(
        path: shape.path(&random), limit: shape.limit(&random),
        bytes: Double.random(in: 1e3...1e6, using: &random),
        start: Double(Int.random(in: 0..<1_000_000, using: &random)))
    }
    flows.sort { $0.start < $1.start }
    let expected = fluidEnds(capacities: capacities, flows: flows)

    var network = FlowNetwork(capacities: capacities)
    var ends = Array(repeating: Int64(-1), count: flows.count)
    var started: [Int32: Int] = [:]
    func drain(_ time: Int64) {
      while let flow = network.popEnded(by: time) {
        ends[started[flow] ?? 0] = network.time
      }
    }
    for (index, flow) in flows.enumerated() {
      drain(Int64(flow.start))
      let number = network.start(
        bytes: flow.bytes, over: flow.path, atMost: flow.limit, at: Int64(flow.start))
      started[number] = index
    }
    drain(.max)
    for (end, exact) in zip(ends, expected) {
      // Each end before may have come up to a nanosecond late, and rates changed with it.
      #expect(abs(Double(end) - exact) <= 2 * Double(flows.count))
    }
    for link in 0..<shape.links {
      let crossing = flows.filter { $0.path.contains(Int32(link)) }
      let bytes = crossing.reduce(0) { $0 + $1.bytes }
      #expect(abs(network.carriedBytes(link) - bytes) <= 1e-9 * bytes)
      #expect(Double(network.busyTime(link)) * capacities[link] / 1e9 >= bytes * (1 - 1e-6))
      #expect(crossing.isEmpty == (network.peakFlows(link) == 0))
    }
  }

  @Test("Flows on one link share it as closed forms have it")
  func processorSharing() {
    var network = FlowNetwork(capacities: [1e9])
    // Two equal ones: each has half. 1000 bytes at half a byte a nanosecond.
    let first = network.start(bytes: 1000, over: [0], at: 0)
    let second = network.start(bytes: 1000, over: [0], at: 0)
    #expect(network.nextEnd == 2000)
    #expect(network.popEnded(by: 1999) == nil)
    #expect(network.popEnded(by: 2000) == first)
    #expect(network.nextEnd == 2000)
    #expect(network.popEnded(by: 2000) == second)
    #expect(network.nextEnd == .max)
    // One that comes half way: 500 bytes alone, 500 at half the rate; the other then 500 alone.
    let third = network.start(bytes: 1000, over: [0], at: 2000)
    let fourth = network.start(bytes: 1000, over: [0], at: 2500)
    #expect(network.nextEnd == 3500)
    #expect(network.popEnded(by: .max) == third)
    #expect(network.remainingBytes(of: fourth) == 500)
    #expect(network.popEnded(by: .max) == fourth)
    #expect(network.time == 4000)
    #expect(network.carriedBytes(0) == 4000)
    #expect(network.busyTime(0) == 4000)
    #expect(network.peakFlows(0) == 2)
  }

  @Test("n flows of 1, 2, … n pieces end when sharing says", arguments: [1, 2, 7, 100])
  func staircase(count: Int) {
    var network = FlowNetwork(capacities: [1e9])
    let flows = (1...count).map { network.start(bytes: Double($0) * 1000, over: [0], at: 0) }
    for (index, flow) in flows.enumerated() {
      #expect(network.popEnded(by: .max) == flow)
      // Those that were smaller are through, all larger ones have got as much as this one.
      let smaller = index * (index + 1) / 2
      let pieces = smaller + (count - index) * (index + 1)
      #expect(network.time - Int64(pieces * 1000) <= Int64(index))
      #expect(network.time >= Int64(pieces * 1000))
    }
  }

  @Test("A flow at its own limit leaves the rest to others")
  func limits() {
    var network = FlowNetwork(capacities: [1e9])
    let slow = network.start(bytes: 1000, over: [0], atMost: 1e8, at: 0)
    let fast = network.start(bytes: 900, over: [0], at: 0)
    #expect(network.rate(of: slow) == 1e8)
    #expect(network.rate(of: fast) == 9e8)
    #expect(network.popEnded(by: .max) == fast)
    #expect(network.time == 1000)
    #expect(network.popEnded(by: .max) == slow)
    #expect(network.time == 10_000)
  }

  @Test("Paths without links, without bytes and without limits end when they should")
  func extremes() {
    var network = FlowNetwork(capacities: [0, .infinity, .nan, -1, 1e9])
    let limited = network.start(bytes: 1000, over: [], atMost: 1e9, at: 0)
    #expect(network.nextEnd == 1000)
    let atOnce = network.start(bytes: 1e30, over: [], at: 5)
    #expect(network.nextEnd == 5)
    #expect(network.popEnded(by: 5) == atOnce)
    let unlimited = network.start(bytes: 7, over: [1], at: 6)
    #expect(network.popEnded(by: 6) == unlimited)
    for bytes in [0, -1, .nan] {
      let empty = network.start(bytes: bytes, over: [4], at: 7)
      #expect(network.popEnded(by: 7) == empty)
    }
    #expect(network.popEnded(by: .max) == limited)
    let stalled = [0, 2, 3].map { network.start(bytes: 1, over: [$0], at: 0) }
    let endless = network.start(bytes: .infinity, over: [4], at: 0)
    let huge = network.start(bytes: 1e300, over: [4, 4], at: 0)
    #expect(network.nextEnd == .max)
    #expect(network.popEnded(by: .max) == nil)
    #expect(network.rate(of: huge) == 5e8)
    for flow in stalled { #expect(network.cancel(flow, at: 2000) == 1) }
    #expect(network.cancel(endless, at: 2000) == .infinity)
    network.cancel(huge, at: 2000)
    #expect(network.flowCount(4) == 0)
  }

  @Test("A failed link holds its flows until it is back")
  func failure() {
    var network = FlowNetwork(capacities: [1e9, 1e9])
    let flow = network.start(bytes: 1000, over: [0, 1], at: 0)
    network.setCapacity(1, 0, at: 400)
    #expect(network.nextEnd == .max)
    #expect(network.remainingBytes(of: flow) == 600)
    let other = network.start(bytes: 1000, over: [0], at: 400)
    #expect(network.nextEnd == 1400)
    #expect(network.popEnded(by: 1400) == other)
    network.setCapacity(1, 2e9, at: 5000)
    #expect(network.popEnded(by: .max) == flow)
    #expect(network.time == 5600)
    #expect(network.carriedBytes(0) == 2000)
  }

  @Test("What is cancelled counts as far as it came, and its number is used again")
  func cancelling() {
    var network = FlowNetwork(capacities: [1e9])
    let (first, second) = (
      network.start(bytes: 1000, over: [0], at: 0), network.start(bytes: 1000, over: [0], at: 0)
    )
    #expect(network.cancel(first, at: 1000) == 500)
    #expect(!network.isRunning(first))
    #expect(network.carriedBytes(0) == 1000)
    #expect(network.nextEnd == 1500)
    let third = network.start(bytes: 500, over: [0], at: 1000)
    #expect(third == first)
    // Both end at 2000; one is taken, the other cancelled although it has all.
    #expect(network.popEnded(by: 2000) == second)
    #expect(network.cancel(third, at: 2000) == 0)
    #expect(network.popEnded(by: .max) == nil)
    #expect(network.carriedBytes(0) == 2000)
  }

  @Test("The same calls give the same events, and of one nanosecond the first started comes first")
  func determinism() {
    func run() -> [Int64] {
      var random = SplitMix64(seed: 9)
      var network = FlowNetwork(capacities: Array(repeating: 1e9, count: 10))
      var events: [Int64] = []
      for start in 0..<300 {
        while let flow = network.popEnded(by: Int64(start) * 50) {
          events += [Int64(flow), network.time]
        }
        _ = network.start(
          bytes: Double(Int.random(in: 1...4, using: &random)) * 100,
          over: [
            Int32.random(in: 0..<5, using: &random), Int32.random(in: 5..<10, using: &random),
          ],
          at: Int64(start) * 50)
      }
      while let flow = network.popEnded(by: .max) { events += [Int64(flow), network.time] }
      return events
    }
    let events = run()
    #expect(events == run() && events.count == 600)

    var network = FlowNetwork(capacities: [1e9, 1e9])
    // Alone and at once on one link, both on another: all end at 1000.
    let flows = [
      network.start(bytes: 500, over: [0], at: 0), network.start(bytes: 1000, over: [1], at: 0),
      network.start(bytes: 500, over: [0], at: 0),
      network.start(bytes: 500, over: [], atMost: 5e8, at: 0),
    ]
    #expect(flows.map { _ in network.popEnded(by: .max) } == flows)
    #expect(network.time == 1000)
  }

  @Test("A clock that never stands still starts anew before it loses bytes")
  func longClock() {
    var network = FlowNetwork(capacities: [1e15])
    // Each has work for one and a half seconds, and they come a second apart: the link never rests.
    for turn in 0..<20 as Range<Int64> {
      while network.popEnded(by: turn * 1_000_000_000) != nil {}
      _ = network.start(bytes: 1.5e15, over: [0], at: turn * 1_000_000_000)
    }
    while network.popEnded(by: .max) != nil {}
    #expect(abs(network.time - 30_000_000_000) <= 20)
    #expect(network.carriedBytes(0) == 30e15)
  }
}
