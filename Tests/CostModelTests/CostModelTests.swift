import Analytical
import CostModel
import OperatorStore
import Operators
import Testing

@Suite struct CostModelTests {
  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  private let gemm = Operator(.gemm, dataType: .bfloat16, ["n": 1024, "k": 1024])

  @Test func `A measured point is given back`() throws {
    let model = CostModel(
      curves: [
        curve(gemm, [(AxisPoint(1), 9000), (AxisPoint(64), 9500), (AxisPoint(512), 20000)])
      ],
      on: device)
    for (tokens, time) in [(1, 9000.0), (64, 9500), (512, 20000)] {
      let prediction = try #require(model.predict(gemm, at: AxisPoint(tokens)))
      #expect(abs(prediction.nanoseconds - time) < 1e-6 * time)
      #expect(prediction.evidence == .measured)
      #expect(prediction.interval90.contains(time))
    }
  }

  /// Such as attention of encoders, over sequences and their tokens.
  @Test func `Operators of two sizes are interpolated over both`() throws {
    let op = Operator(
      .bidirectionalAttention, dataType: .bfloat16, ["heads": 8, "kvHeads": 8, "headDim": 64])
    func time(_ sequences: Int, _ tokens: Int) -> Double {
      Double(5000 + sequences * tokens * tokens / 50)
    }
    var points: [(AxisPoint, Double)] = []
    for sequences in [1, 4, 16] {
      for tokens in [64, 512, 4096] {
        points.append((AxisPoint(sequences, tokens), time(sequences, tokens)))
      }
    }
    let model = CostModel(curves: [curve(op, points)], on: device)
    for (point, time) in points {
      let prediction = try #require(model.predict(op, at: point))
      #expect(abs(prediction.nanoseconds / time - 1) < 1e-9)
      #expect(prediction.evidence == .measured)
      #expect(prediction.interval90.contains(prediction.nanoseconds))
    }
    let between = try #require(model.predict(op, at: AxisPoint(4, 1000)))
    #expect(between.evidence == .interpolated)
    #expect((time(4, 512)...time(4, 4096)).contains(between.nanoseconds))
  }

  /// The last point is ruled by traffic, and what is asked for by arithmetic.
  @Test func `A ratio that is held is never faster than light`() throws {
    let sheet = Device(
      name: "toy", reportedNames: [], peakFlops: [.bfloat16: 989e12], memoryBandwidth: 3.35e12,
      memoryBytes: 8e10, launchFloor: 2000, source: "made up")
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    let model = CostModel(
      curves: [curve(op, [(AxisPoint(1), 12_200), (AxisPoint(256), 14_000)])], on: sheet)
    for tokens in [256, 300, 1000, 8192, 1 << 30, .max] {
      let prediction = try #require(model.predict(op, at: AxisPoint(tokens)))
      #expect(prediction.nanoseconds >= prediction.speedOfLight)
    }
  }

  /// Property: between two points time stays between theirs.
  @Test(arguments: 0..<20)
  func `Interpolation never overshoots`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let sizes = [1, 2, 5, 17, 64, 200, 1000]
    let points = sizes.map { (AxisPoint($0), Double(5000 + random.next() % 100_000)) }
    let model = CostModel(curves: [curve(gemm, points)], on: device)
    func time(_ tokens: Int) throws -> Double {
      try #require(model.predict(gemm, at: AxisPoint(tokens))).nanoseconds
    }
    for (low, high) in zip(sizes, sizes.dropFirst()) {
      let ends = [try time(low), try time(high)].sorted()
      for tokens in stride(from: low, through: high, by: max(1, (high - low) / 7)) {
        let between = try time(tokens)
        #expect(between >= ends[0] * (1 - 1e-9) && between <= ends[1] * (1 + 1e-9))
      }
    }
  }

  @Test func `Beyond the samples the roofline carries the growth and doubt widens`() throws {
    let model = CostModel(
      curves: [curve(gemm, [(AxisPoint(64), 10000), (AxisPoint(8192), 400_000)])], on: device)
    let last = try #require(model.predict(gemm, at: AxisPoint(8192)))
    let beyond = try #require(model.predict(gemm, at: AxisPoint(16384)))
    let far = try #require(model.predict(gemm, at: AxisPoint(65536)))
    #expect(beyond.evidence == .extrapolated)
    #expect(abs(beyond.nanoseconds / last.nanoseconds - 2) < 0.05)
    #expect(far.relativeError > beyond.relativeError)
    #expect(beyond.relativeError > last.relativeError)
  }

  @Test func `An unknown operator borrows from the nearest of its kind, then from the device`()
    throws
  {
    let near = Operator(.gemm, dataType: .bfloat16, ["n": 2048, "k": 1024])
    let model = CostModel(
      curves: [curve(near, [(AxisPoint(1), 14000), (AxisPoint(1024), 90000)])], on: device)
    let borrowed = try #require(model.predict(gemm, at: AxisPoint(1)))
    #expect(borrowed.evidence == .borrowed)
    func work(_ op: Operator) throws -> Double {
      Roofline(device, .bfloat16).sum(try #require(OperatorWork(op, at: AxisPoint(1))))
        + device.launchFloor
    }
    #expect(try abs(borrowed.nanoseconds / work(gemm) - 14000 / work(near)) < 1e-9)
    let other = Operator(.rmsNorm, dataType: .bfloat16, ["width": 1024])
    #expect(model.predict(other, at: AxisPoint(1))?.evidence == .borrowed)
  }

  @Test func `Without measurements the prediction is the roofline itself`() throws {
    let model = CostModel(analytical: device)
    let prediction = try #require(model.predict(gemm, at: AxisPoint(4096)))
    #expect(prediction.evidence == .analytical)
    #expect(prediction.nanoseconds == prediction.speedOfLight)
    #expect(abs(prediction.nanoseconds - 2 * 4096 * 1024 * 1024 / 100e12 * 1e9) < 1e-6)
    #expect(model.predict(Operator(.opaque("x"), dataType: nil), at: .none) == nil)
  }

  /// Attention on a grid that is exactly twice its arithmetic, traffic and launch must be found so
  /// anywhere inside, mixed batches included, because the ratio is constant.
  @Test func `Attention follows its work between its samples`() throws {
    let op = Operator(.attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 2, "headDim": 128])
    var points: [(AxisPoint, Double)] = []
    func time(_ work: OperatorWork) -> Double {
      2 * (Roofline(device, .bfloat16).sum(work) + device.launchFloor)
    }
    func add(_ point: AxisPoint) throws {
      points.append((point, time(try #require(OperatorWork(op, at: point)))))
    }
    for query in [16, 128, 1024] {
      for past in [0, 256, 4096] {
        try add(AxisPoint(query, past))
        for decodes in [1, 16, 64] {
          for context in [16, 1024] { try add(AxisPoint(query, past, decodes, context)) }
        }
      }
    }
    for decodes in [1, 16, 64] {
      for context in [16, 1024] { try add(AxisPoint(0, 0, decodes, context)) }
    }
    let model = CostModel(curves: [curve(op, points)], on: device)
    var shape = StepShape()
    for context in [20, 700, 333] { shape.addDecode(context: context) }
    for _ in 0..<2 {
      let prediction = try #require(model.predict(op, shape))
      #expect(prediction.evidence == .interpolated)
      let expected = time(AttentionWork(op).work(in: shape))
      #expect(abs(prediction.nanoseconds - expected) < 1e-9 * expected)
      shape.addPrefill(tokens: 300, past: 77, samples: true)
    }
  }
}

@Suite struct SkewTests {
  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  private let op = Operator(
    .attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 2, "headDim": 128])

  private func sample(_ point: AxisPoint, _ time: Double) -> MeasuredSample {
    MeasuredSample(at: point, duration: DurationStatistics(mean: time, count: 5), source: 1)
  }

  /// Times of equal batches: twice the roofline and launch.
  private func time(_ decodes: Int, _ context: Int) -> Double {
    let work = OperatorWork(op, at: AxisPoint(0, 0, decodes, context))
    return work.map { 2 * (device.speedOfLight($0, .bfloat16) + device.launchFloor) } ?? 0
  }

  private var tables: MeasuredCurve {
    let points = [1, 8, 64].flatMap { decodes in
      [16, 1024, 16384].map { sample(AxisPoint(0, 0, decodes, $0), time(decodes, $0)) }
    }
    return MeasuredCurve(op, device: "toy", runtime: "engine", samples: points)
  }

  /// A study whose own times are slower by a constant, and whose skewed batches go a known share of
  /// the way from the mean's to the longest's time.
  private func study(share: Double, decodes: Int) -> MeasuredCurve {
    var samples: [MeasuredSample] = []
    for (mean, longest) in [(1024, 4096), (2048, 8192), (512, 1024)] {
      let (low, high) = (time(decodes, mean) + 30_000, time(decodes, longest) + 30_000)
      samples += [
        sample(AxisPoint(0, 0, decodes, mean), low),
        sample(AxisPoint(0, 0, decodes, longest), high),
        sample(AxisPoint(0, 0, decodes, mean, longest), low + share * (high - low)),
      ]
    }
    return MeasuredCurve(op, device: "toy", runtime: "engine study", samples: samples)
  }

  @Test(arguments: [0.0, 0.1, 0.6], [8, 64])
  func `A skewed batch takes the measured share, on the times of the engine's own curve`(
    share: Double, decodes: Int
  ) throws {
    let model = CostModel(curves: [study(share: share, decodes: decodes), tables], on: device)
    var shape = StepShape()
    for _ in 1..<decodes { shape.addDecode(context: 1000) }
    shape.addDecode(context: 1000 + 24 * decodes)
    let mean = (shape.decodeContext) / decodes
    #expect(mean == 1024)
    let prediction = try #require(model.predict(op, shape))
    let (low, high) = (time(decodes, 1024), time(decodes, shape.longestDecodeContext))
    let expected = low + share * (high - low)
    #expect(abs(prediction.nanoseconds - expected) < 0.01 * expected)
    #expect(prediction.evidence == .interpolated, "an unequal batch was never measured")
  }

  @Test func `Measured points beside a skewed one stay measured`() throws {
    var curve = tables
    curve.samples.append(sample(AxisPoint(0, 0, 8, 1024, 2048), 1.1 * time(8, 1024)))
    let model = CostModel(curves: [curve], on: device)
    let prediction = try #require(model.predict(op, at: AxisPoint(0, 0, 8, 1024)))
    #expect(prediction.evidence == .measured)
    #expect(abs(prediction.nanoseconds - time(8, 1024)) < 1)
  }

  @Test func `Two prefills are not the sample of one`() throws {
    var curve = tables
    curve.samples.append(sample(AxisPoint(1024, 0), 50_000))
    let model = CostModel(curves: [curve], on: device)
    var shape = StepShape()
    shape.addPrefill(tokens: 1024, past: 0, samples: true)
    #expect(model.predict(op, shape)?.evidence == .measured)
    shape = StepShape()
    for _ in 0..<2 { shape.addPrefill(tokens: 512, past: 0, samples: true) }
    #expect(model.predict(op, shape)?.evidence == .interpolated)
  }
}

@Suite struct StepModelTests {
  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  private let architecture = ModelArchitecture(
    name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
    vocabularySize: 1000)

  /// The compiled step must cost what its operators cost one by one.
  @Test func `A compiled step equals the sum of its operators`() throws {
    let model = CostModel(analytical: device)
    let compiled = StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 2, on: model, maximumTokens: 512,
      maximumSequences: 64)
    var shape = StepShape()
    shape.addPrefill(tokens: 100, past: 50, samples: false)
    shape.addDecode(context: 300)
    shape.addDecode(context: 1)
    let shares = compiled.shares(of: shape)
    #expect(shares.count == architecture.forwardPass(.bfloat16, tensorParallel: 2).count)
    let sum = shares.reduce(0) { $0 + $1.prediction.nanoseconds * Double($1.count) }
    let price = compiled.price(shape)
    #expect(abs(price.total - sum) < 1e-9 * sum)
    #expect(price[.analytical] == price.total)
    #expect(compiled.price(StepShape()).total == 0)
  }

  /// Attention and sampling stay as they are; all else costs what the graph's size costs.
  @Test func `A step runs the next captured graph`() throws {
    let exact = StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 1, on: CostModel(analytical: device),
      maximumTokens: 512, maximumSequences: 64)
    let padded = exact.padded(to: [4, 128, 1000])
    func step(_ tokens: Int) -> StepShape {
      var shape = StepShape()
      shape.addPrefill(tokens: tokens, past: 0, samples: true)
      return shape
    }
    func apart(_ shape: StepShape) -> Double {
      exact.shares(of: shape).filter { ["attention", "sampler", "lm_head"].contains($0.role) }
        .reduce(0) { $0 + $1.prediction.nanoseconds * Double($1.count) }
    }
    for (tokens, graph) in [(1, 4), (4, 4), (5, 128), (127, 128), (128, 128), (129, 129)] {
      let expected =
        exact.price(step(graph)).total - apart(step(graph)) + apart(step(tokens))
      #expect(abs(padded.price(step(tokens)).total - expected) < 1e-6 * expected)
      #expect(padded.padded(to: []).price(step(tokens)) == exact.price(step(tokens)))
    }
  }

  /// A PyTorch trace of the same device holds sums of any width; it must not change what a serving
  /// engine is taken to run.
  @Test func `Another runtime's operators do not change the forward pass`() throws {
    func curve(_ kind: OperatorKind, _ runtime: String) -> MeasuredCurve {
      MeasuredCurve(
        Operator(kind, dataType: .bfloat16, ["width": 512]), device: "toy", runtime: runtime,
        samples: [1, 64, 512].map {
          MeasuredSample(at: AxisPoint($0), duration: DurationStatistics(mean: 5000), source: 1)
        })
    }
    func roles(_ curves: [MeasuredCurve]) -> [String] {
      var shape = StepShape()
      shape.addDecode(context: 5)
      return StepModel(
        architecture, Precision(.bfloat16), tensorParallel: 1,
        on: CostModel(curves: curves, on: device),
        maximumTokens: 64, maximumSequences: 8
      ).shares(of: shape).map(\.role)
    }
    #expect(!roles([curve(.rmsNorm, "vLLM"), curve(.elementwise, "PyTorch")]).contains("residual"))
    #expect(roles([curve(.rmsNorm, "mine"), curve(.elementwise, "mine")]).contains("residual"))
  }

  @Test func `Of many curves that are like none of a step's the ratio is borrowed`() {
    let curves = (0..<60).map { index in
      MeasuredCurve(
        Operator(.gemm, dataType: .bfloat16, ["n": 1000 + index, "k": 777]), device: "toy",
        runtime: "x",
        samples: [1, 64, 8192].map {
          MeasuredSample(at: AxisPoint($0), duration: DurationStatistics(mean: 9000), source: 1)
        })
    }
    let model = StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 1,
      on: CostModel(curves: curves, on: device),
      maximumTokens: 8192, maximumSequences: 8)
    var shape = StepShape()
    shape.addDecode(context: 5)
    #expect(model.price(shape)[.borrowed] > 0)
  }

  @Test func `Calibration scales device time and adds host time`() {
    let model = CostModel(analytical: device)
    func compiled(_ calibration: StoredCalibration?) -> StepModel {
      StepModel(
        architecture, Precision(.bfloat16), tensorParallel: 1, on: model, maximumTokens: 64,
        maximumSequences: 8, calibration: calibration)
    }
    let calibration = StoredCalibration(
      deployment: .init(device: "toy", model: "toy", dataType: .bfloat16, tensorParallel: 1),
      fittedOn: "", steps: 1, deviceScale: 1.5, perStep: 1000, perSequence: 10, perToken: 1,
      errorBefore: 0, errorHeldOut: 0)
    var shape = StepShape()
    shape.addPrefill(tokens: 30, past: 0, samples: true)
    shape.addDecode(context: 5)
    let (plain, fitted) = (compiled(nil).price(shape), compiled(calibration).price(shape))
    #expect(fitted.hostTime == 1000 + 20 + 31)
    #expect(abs(fitted.deviceTime.sum() - 1.5 * plain.deviceTime.sum()) < 1e-6)
    let parameterized = ParameterizedSteps(compiled(nil), StepParameters(calibration))
    #expect(parameterized.price(shape) == fitted)
    #expect(parameterized.price(StepShape()) == StepPrice())

    // Hidden host time is what exceeds the device.
    let device = fitted.deviceTime.sum()
    for (perStep, exposed) in [(device / 2, 0.0), (device + 500, 551)] {
      var hidden = calibration
      hidden.hidesHost = true
      hidden.perStep = perStep
      #expect(abs(compiled(hidden).price(shape).hostTime - exposed) < 1e-6)
    }
  }
}
