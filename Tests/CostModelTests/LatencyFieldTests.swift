import Analytical
import OperatorStore
import Operators
import Testing

@testable import CostModel

/// Properties that every field must have, on made-up tables of several kinds.
@Suite struct LatencyFieldTests {
  enum Table: CaseIterable {
    case products, prefill, decode, experts, allReduce
  }

  private func device(_ unit: Double = 1) -> Device {
    var device = Device(
      name: "toy", peakFlops: [.bfloat16: 100e12 / unit, .float8: 200e12 / unit],
      memoryBandwidth: 1e12 / unit, memoryBytes: 1e11, launchFloor: 2000 * unit, source: "made up")
    device.multiprocessors = 132
    device.link = Device.Link(
      name: "link", bandwidth: 100e9 / unit, latency: 1e-6 * unit, devices: 8)
    return device
  }

  /// A grid of one kind; times are at least the speed of light.
  private func curves(_ table: Table, unit: Double = 1) -> [MeasuredCurve] {
    let device = device()
    func curve(_ op: Operator, _ points: [AxisPoint]) -> MeasuredCurve {
      MeasuredCurve(
        op, device: "toy", runtime: "toy 1",
        samples: points.compactMap { point in
          OperatorWork(op, at: point).map { work in
            let light = device.speedOfLight(work, op.dataType)
            // Deterministic, rough to a tenth.
            let rough = Double((point[0] * 7 + point[2] * 13 + point[3] * 3 + op.weight) % 11) / 100
            return MeasuredSample(
              at: point, duration: DurationStatistics(mean: (1.3 + rough) * (light + 2500) * unit),
              source: 1)
          }
        })
    }
    let sizes = [1, 4, 16, 64, 256, 1024, 4096]
    switch table {
    case .products:
      return [512, 1024, 2048, 4096].flatMap { n in
        [512, 1024, 4096].map { k in
          curve(
            Operator(.gemm, dataType: .bfloat16, ["n": n, "k": k]), sizes.map { AxisPoint($0) })
        }
      }
    case .prefill:
      return [1, 2, 8].flatMap { sequences in
        [8, 16, 32].map { heads in
          var attributes = ["heads": heads, "kvHeads": 8, "headDim": 128]
          if sequences > 1 { attributes["sequences"] = sequences }
          return curve(
            Operator(.attention, dataType: .bfloat16, attributes), sizes.map { AxisPoint($0) })
        }
      }
    case .decode:
      return [8, 16, 32].map { heads in
        curve(
          Operator(
            .attention, dataType: .bfloat16, ["heads": heads, "kvHeads": 8, "headDim": 128]),
          [1, 2, 8, 32, 128].flatMap { batch in sizes.map { AxisPoint(0, 0, batch, $0) } })
      }
    case .experts:
      return [8, 64, 128].flatMap { experts in
        [512, 2048].map { width in
          curve(
            Operator(
              .moe, dataType: .bfloat16,
              [
                "width": 4096, "intermediate": width, "experts": experts, "topK": 2,
                "tensorParallel": 1, "expertParallel": 1,
              ]), sizes.map { AxisPoint($0) })
        }
      }
    case .allReduce:
      return [2, 4, 8].map { ranks in
        curve(
          Operator(.allReduce, dataType: .bfloat16, ["ranks": ranks]),
          sizes.map { AxisPoint(1024 * $0) })
      }
    }
  }

  /// The order in which threads make fields, and who waits for whom, must leave no trace.
  @Test func `What is prepared on several threads is, to the bit, what is found one by one`() throws
  {
    let measured = Table.allCases.flatMap { curves($0).prefix(3) }
    let asked = measured.map { curve -> Operators.Operator in
      // A like operator without a curve, whose prices all come from fields.
      var op = curve.operator
      if op.kind == .gemm { op.attributes["n"] = 3072 }
      return op
    }
    let bounds = StepBounds(tokens: 64, sequences: 8, context: 256)
    let prepared = CostModel(curves: measured, on: device(), upTo: bounds)
    prepared.prepare(asked)
    let plain = CostModel(curves: measured, on: device(), upTo: bounds)
    for op in asked.reversed() {
      let one = try #require(CompiledOperator(op, on: prepared))
      let other = try #require(CompiledOperator(op, on: plain))
      let points =
        op.kind.isStepAttention
        ? [AxisPoint(100), AxisPoint(0, 0, 20, 300), AxisPoint(7, 0, 3, 99)]
        : [AxisPoint(3), AxisPoint(100), AxisPoint(70_000)]
      for point in points { #expect(one.estimate(at: point) == other.estimate(at: point)) }
    }
  }

  @Test(arguments: Table.allCases)
  func `Samples are given back, and nothing is faster than light`(table: Table) throws {
    let curves = curves(table)
    let model = CostModel(curves: curves, on: device())
    for curve in curves {
      for sample in curve.samples {
        let prediction = try #require(model.predict(curve.operator, at: sample.point))
        #expect(abs(prediction.nanoseconds / sample.duration.median - 1) < 1e-4)
        #expect(prediction.evidence == .measured)
      }
      for point in curve.samples.map(\.point) {
        for factor in [0.7, 50] {
          func scaled(_ value: Int) -> Int {
            value == 0 ? 0 : max(1, Int(Double(value) * factor))
          }
          let other = AxisPoint(scaled(point[0]), 0, scaled(point[2]), scaled(point[3]))
          let prediction = try #require(model.predict(curve.operator, at: other))
          #expect(prediction.nanoseconds >= prediction.speedOfLight)
          #expect(prediction.nanoseconds.isFinite && prediction.relativeError > 0)
        }
      }
    }
  }

  /// An exchange in which every rank reads all others' bytes: it slows down much faster than the links'
  /// traffic grows, from which the ratio must not fall back.
  @Test(arguments: [512, 20_000, 1 << 20, 1 << 26])
  func `More ranks than were measured exchange no faster, and are less sure`(bytes: Int) throws {
    let curves = [2, 4, 8].map { ranks in
      let op = Operator(.allReduce, dataType: .bfloat16, ["ranks": ranks])
      let samples = (8...26).map { power in
        let time = 9000 + Double(ranks - 1) * Double(1 << power) / 50
        return MeasuredSample(
          at: AxisPoint(1 << power), duration: DurationStatistics(mean: time), source: 1)
      }
      return MeasuredCurve(op, device: "toy", runtime: "toy 1", samples: samples)
    }
    let model = CostModel(curves: curves, on: device())
    let predictions = try [8, 12, 16, 64, 512].map { ranks in
      try #require(
        model.predict(
          Operator(.allReduce, dataType: .bfloat16, ["ranks": ranks]), at: AxisPoint(bytes)))
    }
    for (fewer, more) in zip(predictions, predictions.dropFirst()) {
      #expect(more.nanoseconds >= fewer.nanoseconds * (1 - 1e-6))
      #expect(more.relativeError >= fewer.relativeError)
    }
  }

  /// A switch that sums on the way sends half of what a ring does, to the ranks that were measured.
  @Test(arguments: [1 << 16, 1 << 26, 1 << 33])
  func `Ranks that were not measured are no faster than light, though measured ones are`(
    bytes: Int
  ) throws {
    let device = device()
    let curves = try [2, 4, 8].map { ranks in
      let op = Operator(.allReduce, dataType: .bfloat16, ["ranks": ranks])
      let samples = try (8...28).map { power in
        let work = try #require(OperatorWork(op, at: AxisPoint(1 << power)))
        let time = 3000 + device.speedOfLight(work, .bfloat16) * 0.7
        return MeasuredSample(
          at: AxisPoint(1 << power), duration: DurationStatistics(mean: time), source: 1)
      }
      return MeasuredCurve(op, device: "toy", runtime: "toy 1", samples: samples)
    }
    let model = CostModel(curves: curves, on: device)
    for ranks in [8, 16, 72, 1000] {
      let op = Operator(.allReduce, dataType: .bfloat16, ["ranks": ranks])
      let found = try #require(model.predict(op, at: AxisPoint(bytes)))
      if ranks > 8 { #expect(found.nanoseconds >= found.speedOfLight) }
      if ranks == 8, bytes > 1 << 20 { #expect(found.nanoseconds < found.speedOfLight) }
    }
  }

  /// A point measured twice, with times that a fifth of either is no noise of the others.
  @Test func `Repetitions that disagree are told by the interval`() throws {
    var curves = curves(.products)
    let (op, place) = (curves[0].operator, 5)
    var twin = curves[0].samples[place]
    twin.duration = DurationStatistics(mean: twin.duration.median * 1.2)
    let steady = try #require(
      CostModel(curves: curves, on: device()).predict(op, at: twin.point))
    curves[0].samples.insert(twin, at: place)
    let unsure = try #require(
      CostModel(curves: curves, on: device()).predict(op, at: twin.point))
    #expect(unsure.evidence == .measured && unsure.relativeError > 2 * steady.relativeError)
    #expect(unsure.interval90.contains(twin.duration.median))
    #expect(unsure.interval90.contains(twin.duration.median / 1.2))
  }

  @Test(arguments: Table.allCases)
  func `The unit of time does not matter`(table: Table) throws {
    let one = CostModel(curves: curves(table), on: device())
    let thousand = CostModel(curves: curves(table, unit: 1000), on: device(1000))
    for curve in curves(table) {
      for point in curve.samples.map(\.point) {
        let between = AxisPoint(point[0] * 3 / 2, 0, point[2], point[3] * 3 / 2)
        let first = try #require(one.predict(curve.operator, at: between))
        let second = try #require(thousand.predict(curve.operator, at: between))
        #expect(abs(second.nanoseconds / first.nanoseconds / 1000 - 1) < 1e-6)
        #expect(abs(second.relativeError - first.relativeError) < 1e-6)
      }
    }
  }

  /// A sample's own place is not looked for among its neighbours; what is weighed there says the same.
  @Test(arguments: Table.allCases)
  func `A measured point is what its neighbourhood says of it`(table: Table) throws {
    let model = CostModel(curves: curves(table), on: device())
    for curve in curves(table) {
      for sample in curve.samples {
        let prediction = try #require(
          model.predict(curve.operator, at: sample.point, explains: true))
        let first = try #require(prediction.support.first)
        #expect(first.point == sample.point && first.operator == curve.operator)
        #expect(abs(first.weight - 1) < 1e-3)
        #expect(abs(first.nanoseconds / prediction.nanoseconds - 1) < 1e-9)
      }
    }
  }

  @Test(arguments: [Table.products, .experts, .allReduce])
  func `A compiled operator gives back what was measured and the field between`(table: Table) throws
  {
    let model = CostModel(curves: curves(table), on: device())
    var (sum, count) = (0.0, 0.0)
    for curve in curves(table) {
      let compiled = try #require(CompiledOperator(curve.operator, on: model))
      for sample in curve.samples {
        let found = compiled.estimate(at: sample.point)
        #expect(abs(found.nanoseconds / sample.duration.median - 1) < 1e-6)
        #expect(found.evidence == .measured)
        guard sample.point != curve.samples.last?.point else { continue }
        let between = AxisPoint(sample.point[0] * 5 / 4)
        let direct = try #require(model.predict(curve.operator, at: between))
        sum += abs(compiled.estimate(at: between).nanoseconds / direct.nanoseconds - 1)
        count += 1
      }
    }
    #expect(sum <= 0.015 * count)
  }

  /// One size beside a measured one: its doubt is not that of the measurement, but of what lies between; of experts,
  /// whose doubt grows from there to the middle, that is more than the field's.
  @Test(arguments: [Table.products, .experts])
  func `A compiled operator doubts what lies between measured sizes as its field does`(
    table: Table
  ) throws {
    let model = CostModel(curves: curves(table), on: device())
    for curve in curves(table) {
      let compiled = try #require(CompiledOperator(curve.operator, on: model))
      let measured = Set(curve.samples.map(\.point))
      let last = try #require(measured.map { $0[0] }.max())
      for sample in curve.samples {
        for size in [sample.point[0] + 1, sample.point[0] * 5 / 4] {
          let between = AxisPoint(size)
          guard !measured.contains(between), size <= last + 1 else { continue }
          let direct = try #require(model.predict(curve.operator, at: between))
          let ratio = compiled.estimate(at: between).error / direct.relativeError
          #expect(
            ratio > 0.75 && ratio < (table == .experts ? 1.75 : 1.5),
            "\(curve.operator) \(size) \(ratio)")
        }
      }
    }
  }

  /// A step's tables against the predictions that they are compiled from.
  @Test(arguments: Table.allCases.filter { $0 != .decode && $0 != .prefill })
  func `What is compiled agrees with what is predicted`(table: Table) throws {
    let curves = curves(table)
    let model = CostModel(curves: curves, on: device())
    var (sum, count) = (0.0, 0.0)
    for curve in curves where curve.operator.attributes["sequences"] == nil {
      let candidates = model.candidates(for: curve.operator)
      for point in curve.samples.map(\.point) {
        for size in [point[0], point[0] * 5 / 4, point[0] * 3] {
          guard size <= curve.samples[curve.samples.count - 1].point[0] else { continue }
          let work = try #require(OperatorWork(curve.operator, at: AxisPoint(size)))
          let compiled = model.estimate(candidates, sizes: AxisPoint(size).sizes, work: work)
          let direct = try #require(model.predict(curve.operator, at: AxisPoint(size)))
          sum += abs(compiled.nanoseconds / direct.nanoseconds - 1)
          count += 1
        }
      }
    }
    #expect(count > 0 && sum <= 0.015 * count)
  }

  @Test func `Decodes and prefills of a step are compiled from their fields`() throws {
    let model = CostModel(curves: curves(.decode) + curves(.prefill), on: device())
    let op = Operator(
      .attention, dataType: .bfloat16, ["heads": 16, "kvHeads": 8, "headDim": 128])
    let candidates = model.candidates(for: op)
    for point in [AxisPoint(0, 0, 24, 700), AxisPoint(0, 0, 100, 3000), AxisPoint(700)] {
      let compiled = model.estimate(candidates, attention: StepShape(attentionAt: point))
      let direct = try #require(model.predict(op, at: point))
      #expect(abs(compiled.nanoseconds / direct.nanoseconds - 1) < 0.05)
      #expect(compiled.error > 0.8 * direct.relativeError)
      #expect(compiled.evidence == .interpolated)
    }
  }

  @Test func `Curves many times slower than those like them do not spoil them`() throws {
    var curves =
      curves(.experts)
      + curves(.experts).map { curve in
        var curve = curve
        curve.operator.attributes["intermediate"]? += 128
        return curve
      }
    let slow = curves[3].operator
    for index in curves[3].samples.indices {
      let mean = curves[3].samples[index].duration.mean
      curves[3].samples[index].duration = DurationStatistics(mean: 8 * mean)
    }
    var asked = slow
    asked.attributes["intermediate"]? += 64
    let model = CostModel(curves: curves, on: device())
    let prediction = try #require(model.predict(asked, at: AxisPoint(64)))
    #expect(prediction.nanoseconds < 2.5 * (prediction.speedOfLight + 2500))
    // Its own points stay as they were measured.
    let own = try #require(model.predict(slow, at: AxisPoint(64)))
    #expect(own.nanoseconds > 8 * own.speedOfLight)
  }

  @Test func `A prediction names the samples that it rests on`() throws {
    let model = CostModel(curves: curves(.products), on: device())
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 1536, "k": 1024])
    let prediction = try #require(model.predict(op, at: AxisPoint(100), explains: true))
    #expect(prediction.support.count == 32)
    #expect(abs(prediction.support.reduce(0) { $0 + $1.weight } - 1) < 1e-4)
    let first = try #require(prediction.support.first)
    #expect([1024, 2048].contains(first.operator.attributes["n"]))
    #expect(model.predict(op, at: AxisPoint(100))?.support.isEmpty == true)
  }
}

extension Operator {
  /// A number that differs between operators, for made-up roughness.
  fileprivate var weight: Int { attributes.values.reduce(0, &+) }
}
