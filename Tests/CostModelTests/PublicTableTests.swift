import Analytical
import CostModel
import OperatorStore
import Operators
import Testing

/// What tables with a grid of products, and with prefills of several sequences, are priced by.
@Suite struct PublicTableTests {
  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")

  private func gemm(_ n: Int, _ k: Int) -> Operator {
    Operator(.gemm, dataType: .bfloat16, ["n": n, "k": k])
  }

  /// The roofline and the launch, written out.
  private func anchor(_ m: Int, _ n: Int, _ k: Int) -> Double {
    let (m, n, k) = (Double(m), Double(n), Double(k))
    return max(2 * m * n * k / 100e12, 2 * (m * n + m * k + n * k) / 1e12) * 1e9 + 2000
  }

  private func grid(_ ratio: (Int, Int) -> Double, without: (Int, Int)? = nil) -> [MeasuredCurve] {
    var curves: [MeasuredCurve] = []
    for n in [1024, 2048, 4096] {
      for k in [512, 1024] where (without ?? (0, 0)) != (n, k) {
        let points = [1, 64, 4096].map { (AxisPoint($0), ratio(n, k) * anchor($0, n, k)) }
        curves.append(curve(gemm(n, k), points))
      }
    }
    return curves
  }

  /// Oracle: a smooth law of n and k is given back to a percent or two from corners an octave apart.
  @Test(arguments: [(1536, 512), (1536, 768), (3000, 1000), (2048, 700)])
  func `A product between measured ones is interpolated over both sizes`(n: Int, k: Int) throws {
    func ratio(_ n: Int, _ k: Int) -> Double { 1.1 * pow(n, 0.25) * pow(k, -0.125) }
    let model = CostModel(curves: grid(ratio), on: device)
    for tokens in [1, 64, 4096] {
      let prediction = try #require(model.predict(gemm(n, k), at: AxisPoint(tokens)))
      let expected = ratio(n, k) * anchor(tokens, n, k)
      #expect(abs(prediction.nanoseconds / expected - 1) < 0.015)
      #expect(prediction.evidence == .interpolated)
      // No surer than it may be.
      #expect(prediction.relativeError >= 0.015)
      #expect(prediction.explanation.contains("between the sizes around it"))
    }
  }

  @Test func `Outside the grid and too far from it the nearest curves are borrowed`() throws {
    func evidence(_ curves: [MeasuredCurve], _ n: Int, _ k: Int) throws -> Evidence {
      let model = CostModel(curves: curves, on: device)
      return try #require(model.predict(gemm(n, k), at: AxisPoint(64))).evidence
    }
    let full = grid { _, _ in 2 }
    #expect(try evidence(full, 1500, 700) == .interpolated)
    #expect(try evidence(full, 8192, 512) == .borrowed)
    #expect(try evidence(full, 1500, 256) == .borrowed)
    // A hole has neighbours on all sides.
    #expect(try evidence(grid({ _, _ in 2 }, without: (2048, 1024)), 1500, 700) == .interpolated)
    // Too far apart to say much of what lies between.
    let sparse = full.filter { $0.operator.attributes["n"] != 2048 }.map { curve in
      var curve = curve
      if curve.operator.attributes["n"] == 4096 { curve.operator.attributes["n"] = 1 << 22 }
      return curve
    }
    #expect(try evidence(sparse, 1 << 16, 700) == .borrowed)
  }

  @Test func `Runtimes are never mixed`() throws {
    let full = grid { _, _ in 2 }
    var mixed = full
    for index in mixed.indices where index > 3 {
      mixed[index].runtime = "other"
      for sample in mixed[index].samples.indices {
        mixed[index].samples[sample].duration = DurationStatistics(mean: 1e9)
      }
    }
    let alone = CostModel(curves: Array(mixed.prefix(4)), on: device)
    let beside = CostModel(curves: mixed, on: device)
    let (op, point) = (gemm(1500, 700), AxisPoint(64))
    #expect(beside.predict(op, at: point) == alone.predict(op, at: point))
  }

  @Test func `Among equals the runtime that measured most prices the operator`() throws {
    let points = [1, 64].map { (AxisPoint($0), 5000.0) }
    let slower = [1, 64].map { (AxisPoint($0), 9000.0) }
    let curves = [
      curve(gemm(64, 64), points, runtime: "a 1"), curve(gemm(64, 64), slower, runtime: "b 1"),
      curve(gemm(128, 64), slower, runtime: "b 1"),
    ]
    func time(_ curves: [MeasuredCurve]) throws -> Double {
      let model = CostModel(curves: curves, on: device)
      return try #require(model.predict(gemm(64, 64), at: AxisPoint(1))).nanoseconds
    }
    #expect(abs(try time(curves) - 9000) < 1e-3)
    #expect(abs(try time(Array(curves.prefix(2))) - 5000) < 1e-3)
  }

  /// Oracle: what an fp8 product or a wait in attention costs over its roofline says nothing of a
  /// bf16 norm.
  @Test func `A kind that was not measured borrows from its own type, and not from attention`()
    throws
  {
    func twice(_ type: DataType?, _ ratio: Double) -> MeasuredCurve {
      let op = Operator(.activation, dataType: type, ["width": 1 << 20])
      // One token: 4 operations a value at float32's rate are far below the bytes' time.
      let bytes = 3 * (type?.bytesPerElement ?? 4) * Double(1 << 20)
      return curve(op, [(AxisPoint(1), ratio * (bytes / 1e12 * 1e9 + 2000))])
    }
    let slow = curve(attention, [(AxisPoint(0, 0, 1, 64), 1e6)])
    let norm = Operator(.rmsNorm, dataType: .bfloat16, ["width": 512])
    func ratio(_ curves: [MeasuredCurve]) throws -> Double {
      let prediction = try #require(
        CostModel(curves: curves, on: device).predict(norm, at: AxisPoint(1)))
      #expect(prediction.evidence == .borrowed)
      return prediction.nanoseconds / (prediction.speedOfLight + 2000)
    }
    #expect(
      try abs(ratio([twice(.bfloat16, 2), twice(.float8, 9), twice(.int8, 9), slow]) - 2) < 1e-9)
    #expect(try abs(ratio([twice(.float8, 9), slow]) - 9) < 1e-9)
    #expect(try ratio([slow]) > 100)
  }

  // MARK: Attention

  private let attention = Operator(
    .attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 2, "headDim": 64])

  /// Arithmetic, traffic and launch of `sequences` prefills, written out.
  private func anchor(_ length: Int, past: Int, sequences: Int) -> Double {
    let (q, p, s) = (Double(length), Double(past), Double(sequences))
    let flops = 4 * 8 * 64 * s * (q * p + q * (q + 1) / 2)
    let bytes = 2 * 64 * s * (2 * 8 * q + 2 * 2 * (q + p))
    return (flops / 100e12 + bytes / 1e12) * 1e9 + 2000
  }

  private func prefills(_ sequences: Int, ratio: Double) -> MeasuredCurve {
    var op = attention
    if sequences > 1 { op.attributes["sequences"] = sequences }
    return curve(
      op,
      [128, 1024, 4096].map {
        (AxisPoint($0), ratio * anchor($0, past: 0, sequences: sequences))
      })
  }

  /// Oracle: where every prompt takes the same multiple of its work, so does any chunk of one.
  @Test func `A chunk after cached tokens takes the ratio of the whole prompt's length`() throws {
    let op = attention
    let points: [(Int, Double)] = [(128, 8), (1024, 4), (4096, 2)]
    let measured = curve(
      op, points.map { (AxisPoint($0), $1 * anchor($0, past: 0, sequences: 1)) })
    let model = CostModel(curves: [measured], on: device)
    for (length, past, ratio) in [(1024, 0, 4.0), (128, 896, 4), (1024, 3072, 2), (96, 32, 8)] {
      var shape = StepShape()
      shape.addPrefill(tokens: length, past: past, samples: true)
      let prediction = try #require(model.predict(op, shape))
      let expected = ratio * anchor(length, past: past, sequences: 1)
      #expect(abs(prediction.nanoseconds / expected - 1) < 1e-9)
      #expect(prediction.evidence == (past > 0 ? .extrapolated : .measured))
      #expect(prediction.relativeError < 0.5)
    }
  }

  @Test func `Several prefills are priced between the measured numbers of them`() throws {
    let curves = [(1, 4.0), (2, 3), (8, 1.5)].map { prefills($0, ratio: $1) }
    let model = CostModel(curves: curves, on: device)
    // 4 lies half way from 2 to 8 in octaves: the geometric mean of their ratios.
    for (sequences, ratio) in [(1, 4.0), (2, 3), (4, (3 * 1.5).squareRoot()), (8, 1.5), (20, 1.5)] {
      var shape = StepShape()
      for _ in 0..<sequences { shape.addPrefill(tokens: 1024, past: 0, samples: true) }
      let prediction = try #require(model.predict(attention, shape))
      let expected = ratio * anchor(1024, past: 0, sequences: sequences)
      #expect(abs(prediction.nanoseconds / expected - 1) < 1e-9, "\(sequences)")
      #expect(
        prediction.evidence
          == (sequences == 1 ? .measured : sequences > 8 ? .extrapolated : .interpolated))
    }
  }

  @Test func `Prefills of another runtime are not mixed in`() throws {
    var other = prefills(2, ratio: 100)
    other.runtime = "other"
    let alone = CostModel(curves: [prefills(1, ratio: 2)], on: device)
    let both = CostModel(curves: [prefills(1, ratio: 2), other], on: device)
    var shape = StepShape()
    for _ in 0..<2 { shape.addPrefill(tokens: 1024, past: 0, samples: true) }
    #expect(
      try #require(both.predict(attention, shape)).nanoseconds
        == #require(alone.predict(attention, shape)).nanoseconds)
  }

  private func pow(_ base: Int, _ exponent: Double) -> Double {
    // Roots of whole numbers by halving exponents: 0.25 and 0.125 need no library.
    let quarter = Double(base).squareRoot().squareRoot()
    let root = abs(exponent) == 0.25 ? quarter : quarter.squareRoot()
    return exponent < 0 ? 1 / root : root
  }
}
