import Operators
import Testing

@testable import Analytical

/// Exchanges against their formulas, by hand.
@Suite struct CollectiveCostTests {
  /// Eight devices at 400 bytes a nanosecond and 1 µs, eight of such groups at 50 and 5 µs.
  private static func platform(_ topology: Platform.Topology = .switch) throws -> Platform {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    return Platform(
      name: "p", device: device,
      levels: [
        Platform.Level(
          name: "in", devices: 8, bandwidth: 400e9, latency: 1e-6, topology: topology),
        Platform.Level(name: "out", devices: 64, bandwidth: 50e9, latency: 5e-6),
      ])
  }

  private static let set: Efficiencies = {
    var set = Efficiencies.ideal
    set.link = 0.5
    set.collectiveLatency = 700
    return set
  }()

  private func time(
    _ kind: OperatorKind, _ ranks: Int, stride: Int = 1, bytes: Double,
    on platform: Platform? = nil
  ) throws -> Double {
    let platform = try platform ?? Self.platform()
    return CollectiveCost(kind, ranks: ranks, stride: stride, on: platform, Self.set).time(bytes)
  }

  /// 4 devices of a level: three steps a pass, each a quarter of the bytes at half of 400.
  @Test func `Within a level a ring passes parts on`() throws {
    let bytes = 1e6
    let pass = 3 * (1000 + bytes / 4 / 200)
    expectClose(try time(.allReduce, 4, bytes: bytes), 700 + 2 * pass)
    expectClose(try time(.allGather, 4, bytes: bytes), 700 + pass)
    expectClose(try time(.reduceScatter, 4, bytes: bytes), 700 + pass)
    expectClose(
      try time(.allToAll, 4, bytes: bytes), 700 + 1000 * 3.0.squareRoot() + 0.75 * bytes / 200)
    expectClose(try time(.sendReceive, 2, bytes: bytes), 1000 + bytes / 200)
  }

  /// 16 devices: each level does its part; the outer one on an eighth of the bytes, a device each.
  @Test func `Two levels reduce within, between and spread within again`() throws {
    for bytes in [10.0, 1e4, 1e6, 1e9] {
      let within = 7 * 1000 + 7.0 / 8 * bytes / 200
      let between = 5000 + 1.0 / 2 * bytes / 8 / 25
      let ring = 700 + 2 * within + 2 * between
      // Three rounds up and down within, one between, all bytes each way.
      let tree = 700 + 2 * 3 * 1000 + 2 * bytes / 200 + 2 * 5000 + 2 * bytes / 25
      expectClose(try time(.allReduce, 16, bytes: bytes), min(ring, tree))
      expectClose(try time(.allGather, 16, bytes: bytes), 700 + within + between)
      expectClose(try time(.reduceScatter, 16, bytes: bytes), 700 + within + between)
      // Half of each device's bytes leave its group, 7/16 stay within it.
      expectClose(
        try time(.allToAll, 16, bytes: bytes),
        700 + 1000 * 7.0.squareRoot() + 5000 + max(7.0 / 16 * bytes / 200, bytes / 2 / 25))
    }
    // Both ways are taken, each where it is the shorter one.
    let (small, large) = (try time(.allReduce, 16, bytes: 10), try time(.allReduce, 16, bytes: 1e9))
    #expect(small < 700 + 2 * 7000 + 2 * 5000 && large < 2e9 / 25)
  }

  @Test func `Devices far apart use the level that joins them`() throws {
    let bytes = 1e6
    // Every eighth device: none of a group's neighbours is within.
    expectClose(
      try time(.allReduce, 4, stride: 8, bytes: bytes), 700 + 2 * 3 * (5000 + bytes / 4 / 25))
    expectClose(try time(.sendReceive, 2, stride: 8, bytes: bytes), 5000 + bytes / 25)
    // Every fourth: two within each group of eight.
    let within = 1000 + bytes / 2 / 200
    let between = 5000 + bytes / 2 / 2 / 25
    expectClose(try time(.allGather, 4, stride: 4, bytes: bytes), 700 + within + between)
    // No whole groups of eight fit 12: one ring on the outer level.
    expectClose(try time(.allGather, 12, bytes: bytes), 700 + 11 * (5000 + bytes / 12 / 25))
    // More devices than the platform joins: as if its outermost level went on.
    let huge = try time(.allGather, 128, bytes: bytes)
    expectClose(huge, 700 + 7 * (1000 + bytes / 8 / 200) + 15 * (5000 + bytes / 8 / 16 / 25))
  }

  @Test(arguments: [
    (Platform.Topology.switch, 1.0), (.ring, 2), (.torus, 4), (.mesh, 7),
  ])
  func `A pair has the links that lead from one to the other`(
    topology: Platform.Topology, lanes: Double
  ) throws {
    let platform = try Self.platform(topology)
    expectClose(
      try time(.sendReceive, 2, bytes: 1e6, on: platform), 1000 + 1e6 / 200 * lanes)
    expectClose(
      try time(.allReduce, 8, bytes: 1e6, on: platform), try time(.allReduce, 8, bytes: 1e6))
  }

  @Test func `Devices that nothing joins talk over the slowest link there is`() throws {
    var device = try #require(Device.builtIn(named: "h100-sxm"))
    device.link = nil
    let found = try time(.allReduce, 2, bytes: 1e6, on: Platform(device))
    expectClose(found, 700 + 2 * (10_000 + 1e6 / 2 / 2))
  }

  private static let kinds: [OperatorKind] = [
    .allReduce, .allGather, .reduceScatter, .allToAll, .sendReceive,
  ]

  @Test(arguments: kinds) func `One device has nobody to talk to`(kind: OperatorKind) throws {
    for bytes in [0, 1, 1e12] { #expect(try time(kind, 1, bytes: bytes) == 0) }
  }

  @Test(arguments: kinds) func `More bytes take longer, more bandwidth is never slower`(
    kind: OperatorKind
  ) throws {
    var random = SplitMix64(seed: 4)
    for _ in 0..<300 {
      let slow = try #require(Platform.builtIns.randomElement(using: &random))
      let ranks = 1 << Int.random(in: 1...8, using: &random)
      let stride = 1 << Int.random(in: 0...4, using: &random)
      let bytes = Double(random.size(upTo: 1 << 34))
      let before = try time(kind, ranks, stride: stride, bytes: bytes, on: slow)
      #expect(before > 0 && before.isFinite)
      #expect(try time(kind, ranks, stride: stride, bytes: 2 * bytes, on: slow) > before)
      let place = Int.random(in: slow.levels.indices, using: &random)
      var fast = slow
      fast.levels[place].bandwidth *= 3
      #expect(try time(kind, ranks, stride: stride, bytes: bytes, on: fast) <= before)
      // All of a collective's bytes cross the slowest level's link less than twice.
      let slowest = slow.levels.map(\.bandwidth).min() ?? 1
      let lanes = kind == .sendReceive ? Double(slow.levels[0].devices) : 2
      let hops = Double(2 * ranks) * slow.levels.reduce(0) { $0 + $1.latency } * 1e9
      #expect(before <= 700 + 2 * hops + lanes * 2 * bytes / (slowest * 0.5) * 1e9)
    }
  }

  /// A reduction to parts and a gathering of them are a reduction to all.
  @Test(arguments: [2, 4, 8, 16, 32, 64]) func `An all-reduce takes no longer than its two halves`(
    ranks: Int
  ) throws {
    for bytes in [1e3, 1e6, 1e9] {
      let halves =
        try time(.reduceScatter, ranks, bytes: bytes) + time(.allGather, ranks, bytes: bytes)
      let whole = try time(.allReduce, ranks, bytes: bytes)
      #expect(whole <= halves)
      if bytes > 1e8 || ranks <= 8 { expectClose(whole, halves - 700) }
    }
  }

  /// Tensor-parallel devices are neighbours, then come sequence parts, data groups and stages.
  @Test func `A step's exchanges take place between the devices of its layout`() throws {
    let platform = try Self.platform()
    let model = try model("Mixtral-8x7B-v0.1")
    var shape = StepShape()
    shape.addPrefill(tokens: 1024, past: 0, samples: true)
    func time(_ role: String, _ layout: Parallelism) throws -> Double {
      let steps = try StepEstimator(model, Precision(.bfloat16), layout, on: platform, Self.set)
      return try #require(steps.operators(shape).first { $0.role == role }, "\(role)").time
    }
    let rows = 1024 * 4096 * 2.0
    expectClose(
      try time("all_reduce", Parallelism(tensor: 4)), 700 + 2 * 3 * (1000 + rows / 4 / 200))
    // Stages of four devices are neighbours, stages of eight are not.
    expectClose(
      try time("pipeline_send", Parallelism(tensor: 4, pipeline: 2)), 1000 + rows / 200)
    expectClose(try time("pipeline_send", Parallelism(tensor: 8, pipeline: 2)), 5000 + rows / 25)
    expectClose(
      try time("pipeline_send", Parallelism(tensor: 4, pipeline: 2, data: 2)), 5000 + rows / 25)
    // Each of two sequence parts passes its 512 tokens' keys and values of 8 heads of 128.
    expectClose(
      try time("key_value_ring", Parallelism(sequence: 2)),
      1000 + 512 * 2.0 * 8 * 128 * 2 / 200)
    // Logits of one sequence; both experts of every token of both groups, over two devices.
    expectClose(
      try time("logits_gather", Parallelism(tensor: 2)), 700 + 1000 + 32_000 * 2.0 / 2 / 200)
    expectClose(
      try time("expert_exchange", Parallelism(expert: 2, data: 2)),
      700 + 1000 + rows * 2 / 2 / 200)
  }
}
