internal import Analytical
internal import Operators

extension FittedCurve {
  /// What a field predicts at a point, together with this curve's own cells where they enclose it: the
  /// mean of the two logarithms, each weighed by its doubt. They err in different ways: a field smooths
  /// over steps that a line between neighbours follows, a line knows nothing of like curves.
  func estimate(
    at point: AxisPoint, _ work: OperatorWork, with field: LatencyField
  ) -> Estimate? {
    guard var found = field.estimate(self.operator, at: point, work) else { return nil }
    guard field.shape.asksCells, found.evidence != .measured, let own = cells(at: point, work),
      own.evidence == .interpolated
    else { return found }
    let weight = found.error * found.error / (found.error * found.error + own.error * own.error)
    let log =
      (1 - weight) * logarithm(found.nanoseconds) + weight * logarithm(own.nanoseconds)
    found.nanoseconds = exponential(log)
    // As if both erred the same way: they rest on the same samples.
    found.errors = (1 - weight) * found.errors + weight * own.errors
    found.evidence = min(found.evidence, .interpolated)
    return found
  }

  /// What lies between this curve's own points, without any field.
  private func cells(at point: AxisPoint, _ work: OperatorWork) -> Estimate? {
    let size = { Double(point[$0]) }
    switch Region(self.operator, point) {
    case .single: return estimate(sizes: point.sizes, work: work)
    case .prefill: return estimatePrefill(SIMD4(size(0), size(1), 0, 0), work)
    case .decode: return decode.map { estimate($0.value, SIMD4(size(2), size(3), 0, 0), work) }
    case .mixed: return nil
    }
  }

  /// The curve with its gaps filled from a field: measured points as they are, and between and
  /// beyond them what the field predicts at sizes close enough for lines between.
  ///
  /// A field costs tens of microseconds a prediction, a curve some tens of nanoseconds: this is what a
  /// deployment's step is compiled from.
  ///
  /// - Parameter bounds: what need not be reached beyond.
  func filled(
    from field: LatencyField, _ region: FieldRegion, upTo bounds: StepBounds? = nil
  ) -> FittedCurve {
    func within(_ sizes: [Int], _ most: Int?) -> [Int] {
      guard let most, let end = sizes.firstIndex(where: { $0 >= most }) else { return sizes }
      return Array(sizes[...end])
    }
    let surface: Shared<Surface>?
    switch region {
    case .single:
      let sizes = Self.sizes(field.values(along: 0), teeth: self.operator.kind == .gemm)
      let most = self.operator.kind.axes == ["tokens"] ? bounds?.tokens : nil
      surface = grid(field, [within(sizes, most)]) { AxisPoint($0[0]) }
    case .prefill:
      // A measured past is told by the curve alone.
      guard !hasPast else { return self }
      let lengths = Self.sizes(field.values(along: 0))
      surface = grid(field, [within(lengths, bounds?.context), [0]]) { AxisPoint($0[0]) }
    case .decode:
      let batches = Self.batches(field.values(along: 2), of: self.operator, on: device)
      let contexts = Self.sizes(field.values(along: 3))
      let sizes = Self.thinned(
        [within(batches, bounds?.sequences), within(contexts, bounds?.context)])
      surface = grid(field, sizes) { AxisPoint(0, 0, $0[0], $0[1]) }
    }
    return FittedCurve(self, region, is: surface)
  }

  private func grid(
    _ field: LatencyField, _ sizes: [[Int]], _ point: ([Int]) -> AxisPoint
  ) -> Shared<Surface>? {
    let op = self.operator
    var knots: [RatioGrid.Knot] = []
    for first in sizes[0] {
      for second in sizes.count > 1 ? sizes[1] : [0] {
        let point = point([first, second])
        guard let work = OperatorWork(op, at: point),
          let found = estimate(at: point, work, with: field)
        else { return nil }
        let anchor = device.speedOfLight(work, op.dataType) + device.launchFloor
        knots.append(
          RatioGrid.Knot(
            logRatio: logarithm(found.nanoseconds / anchor), error: found.error,
            evidence: found.evidence))
      }
    }
    return Shared(.knots(RatioGrid(axes: sizes, knots: knots)))
  }

  /// The same sizes, every second of the longer list left out until all pairs of them are few enough.
  private static func thinned(_ sizes: [[Int]]) -> [[Int]] {
    var sizes = sizes
    while sizes[0].count * sizes[1].count > mostKnots {
      let longer = sizes[0].count > sizes[1].count ? 0 : 1
      let last = sizes[longer].count - 1
      sizes[longer] = sizes[longer].enumerated().filter { $0.offset % 2 == 0 || $0.offset == last }
        .map(\.element)
    }
    return sizes
  }

  /// The most points of a compiled curve, a third of a second: sweeps of public tables have some 5,000.
  private static let mostKnots = 1 << 14

  /// The widest factor between two sizes of a compiled curve.
  private static let widestGap = 1.5

  /// Measured sizes, at least one between any two, as doubt is largest there, more where they are far apart, and
  /// the edges of tiles, at which a product's time jumps.
  private static func sizes(_ measured: [Int], teeth: Bool = false) -> [Int] {
    var sizes = Set(measured)
    for (low, high) in zip(measured, measured.dropFirst()) where low > 0 && high - low > 1 {
      let ratio = logarithm(Double(high) / Double(low))
      let parts = max(2, Int((ratio / logarithm(widestGap)).rounded(.up)))
      for part in 1..<parts {
        let between = Double(low) * exponential(Double(part) / Double(parts) * ratio)
        if let size = Int(exactly: between.rounded()) { sizes.insert(size) }
      }
    }
    if teeth, let least = measured.first, let most = measured.last {
      for edge in Array(stride(from: 64, through: 1024, by: 64))
        + Array(stride(from: 1280, through: 8192, by: 256))
      where edge >= least && edge < most {
        sizes.formUnion([edge, edge + 1])
      }
    }
    return sizes.sorted()
  }

  /// Numbers of sequences, and the edges of the first waves of blocks.
  private static func batches(_ measured: [Int], of op: Operator, on device: Device) -> [Int] {
    var batches = Set(sizes(measured))
    if let units = device.multiprocessors, let most = measured.last {
      let blocks = max(1, op.attributes["kvHeads"] ?? 1)
      for wave in 1...4 where wave * units / blocks > 0 && wave * units / blocks < most {
        batches.formUnion([wave * units / blocks, wave * units / blocks + 1])
      }
    }
    return batches.sorted()
  }
}
