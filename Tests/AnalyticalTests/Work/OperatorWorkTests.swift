import Operators
import Testing

@testable import Analytical

/// The work of each kind of operator against loops over what it really does.
@Suite struct OperatorWorkTests {
  /// Sizes at random, small enough to loop over.
  private static let seeds = 0..<20

  private func work(
    _ kind: OperatorKind, _ type: DataType?, _ attributes: [String: Int], at point: AxisPoint
  ) throws -> OperatorWork {
    try #require(OperatorWork(Operator(kind, dataType: type, attributes), at: point))
  }

  @Test(arguments: seeds)
  func `A product multiplies, adds and moves as three nested loops do`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let sizes = (0..<4).map { _ in Int.random(in: 1...12, using: &random) }
    let (m, n, k, batch) = (sizes[0], sizes[1], sizes[2], sizes[3])
    var (flops, inputs, weights, outputs) = (0, 0, 0, 0)
    for _ in 0..<batch {
      for row in 0..<m {
        for column in 0..<n {
          for inner in 0..<k {
            flops += 2
            if column == 0 { inputs += 1 }
            if row == 0 { weights += 1 }
            if inner == 0 { outputs += 1 }
          }
        }
      }
    }
    let found = try work(
      .gemm, .float16, ["n": n, "k": k, "batch": batch, "weightBits": 4], at: AxisPoint(m))
    #expect(found.flops == Double(flops))
    #expect(found.bytes == Double(2 * (inputs + outputs)) + 0.5 * Double(weights))
    let plain = try work(.gemm, .float16, ["n": n, "k": k, "batch": batch], at: AxisPoint(m))
    #expect(plain.bytes == Double(2 * (inputs + outputs + weights)))
    #expect(plain.linkBytes == 0)
  }

  /// Operations and bytes of one value, by kind.
  @Test(arguments: [DataType.float32, .bfloat16, .float8])
  func `What goes over values one by one does so much for each`(type: DataType) throws {
    let (tokens, width, size) = (7, 48, type.bytesPerElement)
    let values = Double(tokens * width)
    let wanted: [(OperatorKind, [String: Int], Double, Double)] = [
      // Square, sum, scale, multiply; in and out.
      (.rmsNorm, ["width": width], 4, 2), (.layerNorm, ["width": width], 4, 2),
      (.softmax, ["width": width], 4, 2),
      // Gate and value in, one out.
      (.activation, ["width": width], 4, 3), (.activation, ["width": width, "gated": 0], 4, 2),
      (.activation, ["width": width, "gated": 1], 4, 3),
      // Two in, one out.
      (.elementwise, ["width": width], 1, 3),
      // Of 6 heads of 8 all values are rotated.
      (.rotary, ["heads": 4, "kvHeads": 2, "headDim": 8], 3, 2),
      (.embedding, ["width": width, "vocab": 999], 0, 2),
      (.convolution, ["width": width, "kernel": 5], 10, 2),
    ]
    for (kind, attributes, flops, moved) in wanted {
      let found = try work(kind, type, attributes, at: AxisPoint(tokens))
      #expect(found.flops == flops * values, "\(kind)")
      #expect(found.bytes == moved * size * values, "\(kind)")
      #expect(found.linkBytes == 0)
    }
    // Logits are kept in single precision.
    let sample = try work(.sample, type, ["vocab": 100], at: AxisPoint(3))
    #expect(sample == OperatorWork(flops: 300, bytes: 1200))
  }

  @Test(arguments: seeds)
  func `A convolution and a scan do what loops over tokens, channels and states do`(seed: Int)
    throws
  {
    var random = SplitMix64(seed: UInt64(seed))
    let sizes = (0..<4).map { _ in Int.random(in: 1...12, using: &random) }
    let (tokens, width, state, sequences) = (sizes[0], sizes[1], sizes[2], sizes[3])
    var (convolution, scan, moved, states) = (0, 0, 0, 0)
    for token in 0..<tokens {
      for _ in 0..<width {
        for _ in 0..<4 { convolution += 2 }
        // In, step size and out.
        moved += 3
        // Δ·A and its exponential, Δ·B·x in two, h·A + B in two, h·C and its sum in two, D·x.
        for _ in 0..<state { scan += 1 + 1 + 2 + 2 + 2 + 1 }
      }
      // The state's way in and out of this token.
      moved += 2 * state
      if token == 0 { states += sequences * width * state }
    }
    #expect(
      try work(.convolution, .bfloat16, ["width": width, "kernel": 4], at: AxisPoint(tokens)).flops
        == Double(convolution))
    let found = try work(
      .stateSpaceScan, .bfloat16, ["width": width, "state": state],
      at: AxisPoint(tokens, sequences))
    #expect(found.flops == Double(scan))
    #expect(found.bytes == Double(2 * moved + 2 * 2 * states))
  }

  /// A ring that passes parts on, played with sets.
  @Test(arguments: [2, 3, 4, 8])
  func `Collectives put on a link what a ring of so many puts there`(ranks: Int) throws {
    let bytes = 240
    let part = bytes / ranks
    // Who has whose part; in each step everyone passes on the one that came last.
    var held = (0..<ranks).map { [$0] }
    var sent = 0
    while held.contains(where: { Set($0).count < ranks }) {
      let passed = held.map { $0.last ?? 0 }
      for rank in 0..<ranks { held[(rank + 1) % ranks].append(passed[rank]) }
      sent += part
    }
    let gather = try work(.allGather, nil, ["ranks": ranks], at: AxisPoint(bytes))
    #expect(gather.linkBytes == Double(sent) && gather.flops == 0 && gather.bytes == 0)
    #expect(try work(.reduceScatter, nil, ["ranks": ranks], at: AxisPoint(bytes)) == gather)
    // Everyone keeps its own part and sends each other one.
    #expect(
      try work(.allToAll, nil, ["ranks": ranks], at: AxisPoint(bytes)).linkBytes
        == Double(bytes - part))
    #expect(
      try work(.allReduce, nil, ["ranks": ranks], at: AxisPoint(bytes)).linkBytes
        == Double(2 * sent))
    for kind in [OperatorKind.broadcast, .reduce, .sendReceive] {
      #expect(
        try work(kind, nil, ["ranks": ranks], at: AxisPoint(bytes)).linkBytes == Double(bytes))
    }
  }

  @Test func `Copies cross the bus twice, fills once`() throws {
    #expect(try work(.memcpy, nil, [:], at: AxisPoint(100)) == OperatorWork(bytes: 200))
    #expect(try work(.memset, nil, [:], at: AxisPoint(100)) == OperatorWork(bytes: 100))
  }

  @Test func `Kinds whose work nobody knows have none`() {
    for kind in OperatorKind.known + [.opaque("x")] {
      let isKnown = OperatorWork(Operator(kind, dataType: nil), at: AxisPoint(1)) != nil
      let unknown: [OperatorKind] = [
        .cacheWrite, .latentAttentionBlock, .moeDispatch, .moeCombine, .quantize, .opaque("x"),
      ]
      #expect(isKnown == !unknown.contains(kind), "\(kind)")
    }
  }

  @Test func `The speed of light is the slowest of arithmetic, memory and link`() throws {
    var device = Device(
      name: "d", peakFlops: [.float32: 10], memoryBandwidth: 5, memoryBytes: 1, source: "")
    device.link = Device.Link(name: "l", bandwidth: 2, latency: 0, devices: 2)
    #expect(device.speedOfLight(OperatorWork(flops: 30, bytes: 5, linkBytes: 2), nil) == 3e9)
    #expect(device.speedOfLight(OperatorWork(flops: 10, bytes: 20, linkBytes: 2), nil) == 4e9)
    #expect(device.speedOfLight(OperatorWork(flops: 10, bytes: 5, linkBytes: 10), nil) == 5e9)
  }
}
