import Analytical
import OperatorStore
import Operators
import Testing

@testable import CostModel

/// What predictions rest on where an operator's own curve does not tell all, and what they say of it.
@Suite struct EvidenceTests {
  /// Faster than any time below.
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 1e18, .float8: 2e18, .int8: 2e18],
    memoryBandwidth: 1e15, memoryBytes: 1e10, launchFloor: 2000, source: "made up")

  private func attention(_ heads: Int) -> Operator {
    Operator(.attention, dataType: .bfloat16, ["heads": heads, "kvHeads": 8, "headDim": 128])
  }

  private let prefills: [(AxisPoint, Double)] = (4...13).map {
    (AxisPoint(1 << $0), 3000 + Double(10 << $0))
  }

  private func decodes(_ batches: [Int]) -> [(AxisPoint, Double)] {
    batches.flatMap { batch in
      [128, 512, 1024, 4096].map { context in
        (AxisPoint(0, 0, batch, context), 4000 + Double(batch * context) / 20)
      }
    }
  }

  /// More points of prefills under one runtime must not hide the decodes that another measured.
  @Test func `Decodes of another runtime are not hidden by prefills`() throws {
    let between: [(AxisPoint, Double)] = (4...12).map {
      (AxisPoint(3 << $0), 3000 + Double(30 << $0))
    }
    let more = (prefills + between).sorted { $0.0.precedes($1.0) }
    let decodes = decodes([1, 2, 4, 8])
    #expect(more.count > decodes.count)
    let op = attention(32)
    let model = CostModel(
      curves: [curve(op, more, runtime: "vLLM 1"), curve(op, decodes, runtime: "vLLM 2")],
      on: device)
    let compiled = try #require(CompiledOperator(op, on: model))
    for (point, time) in more + decodes {
      let found = try #require(model.predict(op, at: point))
      #expect(found.evidence == .measured && abs(found.nanoseconds / time - 1) < 1e-9)
      #expect(found.explanation.contains(point[0] > 0 ? "vLLM 1" : "vLLM 2"))
      #expect(abs(compiled.estimate(at: point).nanoseconds / time - 1) < 1e-6)
    }
  }

  /// Too few for a field: then the nearest curve that has decodes tells, and no median of the device.
  @Test func `A region that an operator's own curve lacks is borrowed from one that has it`() throws
  {
    let few = decodes([1, 8])
    let model = CostModel(
      curves: [
        curve(attention(32), prefills), curve(attention(16), few),
        curve(attention(24), Array(prefills.prefix(5))),
      ], on: device)
    let op = attention(32)
    let (point, time) = few[5]
    let found = try #require(model.predict(op, at: point, explains: true))
    #expect(found.evidence == .borrowed)
    #expect(found.nanoseconds > 0.4 * time && found.nanoseconds < 2.5 * time)
    #expect(found.explanation == "ratio to the roofline borrowed from \(attention(16))")
    #expect(found.support.map(\.point) == [point] && found.support.map(\.weight) == [1])
    #expect(try #require(model.predict(op, at: prefills[3].0)).evidence == .measured)
    // Without any decodes there is only the median, and it says so.
    let none = CostModel(curves: [curve(op, prefills)], on: device)
    let guessed = try #require(none.predict(op, at: point))
    #expect(guessed.explanation.contains("no attention measured that tells of it"))
  }

  /// Whoever measured a phase prices it; the whole is their sum, and rests on the samples of both.
  @Test(arguments: ["vLLM 1", "PyTorch 2.9"], [true, false])
  func `Prefills and decodes that nobody measured of one operator are priced each by whom did`(
    runtime: String, ownPrefills: Bool
  ) throws {
    let few = decodes([1, 8])
    let own = curve(attention(32), ownPrefills ? prefills : few, runtime: runtime)
    let other = curve(attention(16), ownPrefills ? few : prefills, runtime: runtime)
    let third = curve(attention(24), Array(prefills.prefix(5)), runtime: runtime)
    for (op, isOwn) in [(attention(32), true), (attention(40), false)] {
      let model = CostModel(curves: [own, other, third], on: device)
      let (prefill, decode) = (prefills[6].0, few[5].0)
      let mixed = AxisPoint(prefill[0], 0, decode[2], decode[3])
      let first = try #require(model.predict(op, at: prefill))
      let second = try #require(model.predict(op, at: decode))
      let whole = try #require(model.predict(op, at: mixed, explains: true))
      let sum = first.nanoseconds + second.nanoseconds
      #expect(abs(whole.nanoseconds / sum - 1) < 1e-9)
      #expect(first.evidence == .measured || !isOwn || !ownPrefills)
      #expect(second.evidence == .measured || !isOwn || ownPrefills)
      #expect(whole.evidence == .borrowed)
      // One call for both may take longer than either alone, but where the software makes none.
      let certain = max(first.relativeError, second.relativeError)
      if isOwn { #expect((whole.relativeError > certain) == (runtime == "vLLM 1")) }
      #expect(whole.explanation.contains("measured apart: their sum"))
      #expect(whole.support.contains { $0.point[0] > 0 })
      #expect(whole.support.contains { $0.point[2] > 0 })
      #expect(abs(whole.support.reduce(0) { $0 + $1.weight } - 1) < 1e-5)
      let compiled = try #require(CompiledOperator(op, on: model))
      #expect(abs(compiled.estimate(at: mixed).nanoseconds / sum - 1) < 1e-3)
    }
  }

  /// Devices with one rate for both run them alike; another rate is another type.
  @Test func `What was measured in bf16 prices fp16, and says so`() throws {
    let sizes: [(AxisPoint, Double)] = (0...12).map { (AxisPoint(1 << $0), 5000 + Double(7 << $0)) }
    let measured = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    var asked = measured
    asked.dataType = .float16
    var alike = device
    alike.peakFlops[.float16] = alike.peakFlops[.bfloat16]
    // Were its own twin's ratio taken from another device instead, it would be three times as long.
    var far = alike
    far.name = "far"
    let relative = RelativeCurves(
      device: far, curves: [curve(asked, sizes.map { ($0.0, 3 * $0.1) })])
    let model = CostModel(curves: [curve(measured, sizes)], on: alike, relatives: [relative])
    let compiled = try #require(CompiledOperator(asked, on: model))
    for (point, time) in sizes {
      let found = try #require(model.predict(asked, at: point))
      #expect(abs(found.nanoseconds / time - 1) < 1e-9)
      #expect(found.evidence == .borrowed && found.relativeError >= 0.05)
      #expect(found.explanation.hasPrefix("not measured in fp16, as fast as bf16: measured at"))
      let laid = compiled.estimate(at: point)
      #expect(abs(laid.nanoseconds / time - 1) < 1e-6 && laid.evidence == .borrowed)
    }
    alike.peakFlops[.float16] = 3e17
    let other = CostModel(curves: [curve(measured, sizes)], on: alike)
    #expect(try #require(other.predict(asked, at: sizes[3].0)).relativeError > 0.2)
  }

  /// What takes only its launch takes that in any type; what only computes lies between the two rooflines.
  @Test(arguments: [DataType.float8, .int8])
  func `Of another type a time goes halfway to its roofline`(type: DataType) throws {
    let slow = Device(
      name: "slow", peakFlops: [.bfloat16: 1e12, .float8: 2e12, .int8: 2e12], memoryBandwidth: 1e15,
      memoryBytes: 1e10, launchFloor: 2000, source: "made up")
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    var asked = op
    asked.dataType = type
    func light(_ tokens: Int) -> Double { 2 * 4096 * 4096 * Double(tokens) / 1e12 * 1e9 }
    let times = (0...10).map { (AxisPoint(1 << $0), 2 * (light(1 << $0) + 2000)) }
    let model = CostModel(curves: [curve(op, times)], on: slow)
    for (point, time) in times {
      let found = try #require(model.predict(asked, at: point))
      let roof = light(point[0])
      let expected = time * ((roof / 2 + 2000) / (roof + 2000)).squareRoot()
      #expect(abs(found.nanoseconds / expected - 1) < 1e-6)
      #expect(found.evidence == .borrowed && found.explanation.hasSuffix("of the other type"))
    }
  }

  /// Of keys and values of one width decodes read the same, whatever the queries' type.
  @Test
  func `Decodes in fp8 are those in bf16 whose keys are in fp8, where only these were measured`()
    throws
  {
    func op(_ type: DataType, _ bits: Int? = nil) -> Operator {
      var op = attention(32)
      op.dataType = type
      op.attributes["kvBits"] = bits
      return op
    }
    let wide = decodes([1, 2, 4, 8])
    let narrow = wide.map { ($0.0, $0.1 * 0.6) }
    let model = CostModel(
      curves: [
        curve(op(.float8), prefills), curve(op(.bfloat16), wide), curve(op(.bfloat16, 8), narrow),
      ], on: device)
    for (point, time) in narrow {
      let found = try #require(model.predict(op(.float8), at: point, explains: true))
      // Queries and outputs are half as wide, which is next to nothing.
      #expect(found.nanoseconds > 0.9 * time && found.nanoseconds < 1.01 * time)
      #expect(found.evidence == .borrowed)
      #expect(found.support.first?.operator == op(.bfloat16, 8))
    }
    #expect(try #require(model.predict(op(.float8), at: prefills[3].0)).evidence == .measured)
  }

  /// A window that holds all keys is none, and a smaller one takes no longer: slow kernels of other windows say nothing.
  @Test func `Attention with a window that was not measured takes no longer than without one`()
    throws
  {
    var other = attention(16)
    other.attributes["window"] = 128
    let slow = (prefills + decodes([1, 2, 4, 8])).map { ($0.0, 50 * $0.1) }
    let own = (prefills + decodes([1, 2, 4, 8])).sorted { $0.0.precedes($1.0) }
    let model = CostModel(
      curves: [
        curve(attention(32), own), curve(other, slow.sorted { $0.0.precedes($1.0) }),
      ], on: device)
    var asked = attention(32)
    asked.attributes["window"] = 1024
    let compiled = try #require(CompiledOperator(asked, on: model))
    for (point, time) in own {
      let found = try #require(model.predict(asked, at: point, explains: true))
      #expect(found.nanoseconds < 1.0001 * time, "\(point)")
      let isWhole = max(point[0], point[3]) <= 1024
      #expect((found.evidence == .measured) == isWhole, "\(point)")
      #expect(found.explanation.hasPrefix("as without its window: "))
      #expect(found.support.allSatisfy { $0.operator == attention(32) })
      #expect(abs(compiled.estimate(at: point).nanoseconds / found.nanoseconds - 1) < 1e-6)
    }
  }

  /// Of two types of one width each is its own.
  @Test func `Experts in int8 are not mixed with those in fp8`() throws {
    func experts(_ type: DataType) -> Operator {
      Operator(
        .moe, dataType: type,
        [
          "width": 4096, "intermediate": 1024, "experts": 64, "topK": 8, "tensorParallel": 1,
          "expertParallel": 1,
        ])
    }
    let sizes = (0...11).map { 1 << $0 }
    let fast: [(AxisPoint, Double)] = sizes.map { (AxisPoint($0), 10_000 + 20 * Double($0)) }
    let slow: [(AxisPoint, Double)] = fast.map { ($0.0, 3 * $0.1) }
    let both = CostModel(
      curves: [curve(experts(.float8), fast), curve(experts(.int8), slow)], on: device)
    for (type, points) in [(DataType.float8, fast), (.int8, slow)] {
      for ((point, time), (next, later)) in zip(points, points.dropFirst()) {
        let found = try #require(both.predict(experts(type), at: point))
        #expect(found.evidence == .measured && abs(found.nanoseconds / time - 1) < 1e-9)
        #expect(found.interval90.upperBound < 1.5 * found.interval90.lowerBound)
        let between = AxisPoint((point[0] + next[0]) / 2)
        let middle = try #require(both.predict(experts(type), at: between)).nanoseconds
        #expect(middle > 0.85 * time && middle < 1.15 * later, "\(type) \(between)")
      }
    }
    // What another type of the same width measured is no measurement of this one.
    let alone = CostModel(curves: [curve(experts(.float8), fast)], on: device)
    let found = try #require(alone.predict(experts(.int8), at: fast[3].0))
    #expect(found.evidence == .borrowed && found.relativeError > 0.05)
  }

  /// Far beyond what a curve measured, who borrows from it is no surer than the curve itself.
  @Test func `A lender's doubt is passed on`() throws {
    func norm(_ width: Int) -> Operator {
      Operator(.rmsNorm, dataType: .bfloat16, ["width": width])
    }
    let model = CostModel(
      curves: [curve(norm(4096), [1, 4, 16].map { (AxisPoint($0), 2100.0 + Double($0)) })],
      on: device)
    let own = try #require(model.predict(norm(4096), at: AxisPoint(1_000_000)))
    let borrowed = try #require(
      model.predict(norm(2048), at: AxisPoint(1_000_000), explains: true))
    #expect(borrowed.relativeError >= own.relativeError && borrowed.evidence == .borrowed)
    #expect(borrowed.support.map(\.operator) == [norm(4096)])
  }

  /// Between two samples a line counts each by its nearness: the weights are the line's own.
  @Test func `An explained prediction of a lone curve names the samples beside it`() throws {
    let op = Operator(.rmsNorm, dataType: .bfloat16, ["width": 4096])
    let points = [16, 64, 256].map { (AxisPoint($0), 3000.0 + 7 * Double($0)) }
    let model = CostModel(curves: [curve(op, points)], on: device)
    let found = try #require(model.predict(op, at: AxisPoint(112), explains: true))
    #expect(found.support.map(\.point) == [points[1].0, points[2].0])
    #expect(zip(found.support, [0.75, 0.25]).allSatisfy { abs($0.weight - $1) < 1e-9 })
    for (sample, (_, time)) in zip(found.support, points.dropFirst()) {
      #expect(abs(sample.nanoseconds / time - 1) < 1e-9)
    }
  }

  /// Oracle: as many prefills, added one by one.
  @Test(arguments: [1, 2, 7, 64, 500])
  func `A shape of several prefills is that of each added up`(sequences: Int) {
    var sum = StepShape()
    for _ in 0..<sequences { sum.addPrefill(tokens: 130, past: 77, samples: true) }
    #expect(StepShape(attentionAt: AxisPoint(130, 77), sequences: sequences) == sum)
  }

  @Test func `Sizes beyond all reason stay sums that can be reckoned with`() {
    let huge = StepShape(attentionAt: AxisPoint(.max, .max, .max, .max, .max), sequences: .max)
    for sum in [
      huge.prefillSequences, huge.prefillTokens, huge.prefillPairs, huge.prefillContext,
      huge.decodeSequences, huge.decodeContext, huge.longestDecodeContext, huge.sampledSequences,
    ] { #expect(sum == StepShape.largestSum) }
    #expect(huge.tokens > 0)
  }

  /// A stranger's database may hold any attribute.
  @Test(arguments: [
    OperatorKind.gemm, .attention, .latentAttention, .stateSpaceScan, .rmsNorm, .moe,
  ])
  func `Attributes beyond all reason trap nowhere`(kind: OperatorKind) {
    let names = [
      "heads", "kvHeads", "headDim", "n", "k", "width", "experts", "topK", "intermediate", "rank",
    ]
    for value in [Int.max, Int.min, 0, -1] {
      let op = Operator(
        kind, dataType: .bfloat16, Dictionary(uniqueKeysWithValues: names.map { ($0, value) }))
      let points = (0...5).map { (AxisPoint(1 << $0), 1000.0) }
      let model = CostModel(curves: [curve(op, points)], on: device)
      _ = model.predict(op, at: AxisPoint(3), explains: true)
      _ = SampleOutliers([curve(op, points)], on: device)
    }
  }

  @Test func `A compiled operator of several prefills is what is predicted of it`() throws {
    var several = attention(32)
    several.attributes["sequences"] = 8
    let model = CostModel(
      curves: [
        curve(attention(32), prefills + decodes([1, 8, 64])),
        curve(several, prefills.map { ($0.0, 6 * $0.1) }),
      ], on: device)
    let compiled = try #require(CompiledOperator(several, on: model))
    for (point, time) in prefills {
      let found = try #require(model.predict(several, at: point)).nanoseconds
      #expect(abs(found / (6 * time) - 1) < 1e-9)
      #expect(abs(compiled.estimate(at: point).nanoseconds / found - 1) < 1e-6)
    }
  }
}
