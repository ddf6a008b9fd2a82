internal import Analytical
internal import OperatorStore
internal import Operators

/// All that one runtime measured of one kind of operator, as one field: what a curve does not hold,
/// the curves around it tell.
struct LatencyField: Sendable {
  /// What makes a field.
  struct Key: Hashable, Sendable {
    var kind: OperatorKind
    var region: FieldRegion
    var runtime: String
    /// Nil where types are pooled.
    var dataType: DataType?
    /// Attributes that are no coordinates.
    var others: [String: Int]
  }

  /// One measured point.
  private struct Sample: Sendable {
    var point: AxisPoint
    /// The place of its curve's operator among ``operators``.
    var curve: Int
    /// The logarithm of nanoseconds.
    var logTime: Double
    /// By how much repetitions disagree, as a logarithm.
    var spread: Double
  }

  let key: Key
  let shape: FieldShape
  private let device: Device
  /// What is predicted for; another device where none of its own measured the kind.
  private let target: Device
  private let anchor: FieldAnchor
  private let kriging: Kriging
  /// The least and the largest of the samples' coordinates.
  private let bounds: (low: FieldPlace, high: FieldPlace)
  private let samples: [Sample]
  /// The operators of the curves, in their order, and the places of each in it.
  private let operators: [Operator]
  private let curves: [Operator: Int]
  /// The samples of each curve.
  private let ranges: [Range<Int>]
  /// The curves that are several times slower than those like them.
  private let slow: Set<Int>
  /// By what the covariance's standard deviation is multiplied here.
  private let scatter: FieldScatter
  /// The share of the data sheet's bound below which no time is predicted: 1, but for collectives the least
  /// that was measured, as a switch that sums on the way sends half of what a ring does.
  private let leastOfLight: Double
  /// The same between the points of each curve: the least that it measured, at most 1.
  private let leastOfCurve: [Double]

  /// Fewer samples say nothing of a field.
  private static let fewestSamples = 12

  /// Makes a field of the curves of one runtime; nil where none has a sample in the region.
  init?(_ key: Key, _ measured: [MeasuredCurve], on device: Device, for target: Device) {
    guard let shape = FieldShape.shape(of: key.kind, key.region) else { return nil }
    self.key = key
    self.shape = shape
    self.device = device
    self.target = target
    var samples: [Sample] = []
    var work: [OperatorWork] = []
    var places: [FieldPlace] = []
    var operators: [Operator] = []
    var curves: [Operator: Int] = [:]
    var ranges: [Range<Int>] = []
    let isAttention = key.kind.isStepAttention
    let most = measured.reduce(0) { $0 + $1.samples.count }
    samples.reserveCapacity(most)
    work.reserveCapacity(most)
    places.reserveCapacity(most)
    for measured in measured {
      let op = measured.operator
      // Of an operator given twice the first curve counts: a sample beside its twin would seem known.
      guard let law = WorkLaw(op), curves[op] == nil else { continue }
      let place = shape.places(op, device)
      let curve = operators.count
      let before = samples.count
      for measured in measured.points
      where FieldRegion(isStepAttention: isAttention, measured.point) == key.region {
        samples.append(
          Sample(
            point: measured.point, curve: curve, logTime: measured.logTime, spread: measured.spread)
        )
        work.append(law.work(at: measured.point))
        places.append(place(measured.point))
      }
      guard samples.count > before else { continue }
      operators.append(op)
      curves[op] = curve
      ranges.append(before..<samples.count)
    }
    guard samples.count >= Self.fewestSamples else { return nil }
    let rooflines = operators.map { Roofline(device, $0.dataType) }
    let anchor =
      shape.launches.map { FieldAnchor(floor: $0 * device.launchFloor) }
      ?? FieldAnchor(
        of: zip(samples, work).map { (rooflines[$0.curve], $1, exponential($0.logTime)) })
    self.anchor = anchor
    self.samples = samples
    self.operators = operators
    self.curves = curves
    self.ranges = ranges
    let ratios = zip(samples, work).map { sample, work in
      sample.logTime - logarithm(anchor.nanoseconds(work, rooflines[sample.curve]))
    }
    var slow: Set<Int> = []
    bounds = places.reduce(into: (low: places[0], high: places[0])) { bounds, place in
      bounds.low.replace(with: place, where: place .< bounds.low)
      bounds.high.replace(with: place, where: place .> bounds.high)
    }
    if let flag = shape.slowFlag {
      slow = Self.slowCurves(places, ratios, samples)
      for index in places.indices where slow.contains(samples[index].curve) {
        places[index][flag] = 1
      }
    }
    self.slow = slow
    self.kriging = Kriging(places, ratios, shape.covariance, shape.neighbourhood)
    self.scatter = FieldScatter(kriging, ranges, shape)
    var leastOfCurve = Array(repeating: 1.0, count: operators.count)
    for (sample, work) in zip(samples, work) {
      let light = rooflines[sample.curve].nanoseconds(work)
      guard light > 0 else { continue }
      leastOfCurve[sample.curve] = min(
        leastOfCurve[sample.curve], exponential(sample.logTime) / light)
    }
    self.leastOfCurve = leastOfCurve
    self.leastOfLight = key.kind.isCollective ? leastOfCurve.min() ?? 1 : 1
  }

  /// Tells curves that are several times slower than those like them by a coordinate: some shapes
  /// fall to a kernel that their neighbours do not use, and say nothing of them.
  private static func slowCurves(
    _ places: [FieldPlace], _ ratios: [Double], _ samples: [Sample]
  ) -> Set<Int> {
    var curves: [(number: Int, place: FieldPlace, level: Double)] = []
    var start = 0
    while start < samples.count {
      let number = samples[start].curve
      var end = start
      while end < samples.count, samples[end].curve == number { end += 1 }
      curves.append((number, places[start], ratios[start..<end].sorted()[(end - start) / 2]))
      start = end
    }
    guard curves.count > slowNeighbours else { return [] }
    var slow: Set<Int> = []
    // What differs along a curve does not count.
    let tree = NeighbourTree(
      curves.map(\.place), weights: FieldPlace(weights: [0, 1, 1, 1, 1, 1, 4, 1, 1]))
    for (index, curve) in curves.enumerated() {
      let levels = tree.nearest(slowNeighbours, to: curve.place, excluding: index)
        .map { curves[$0].level }.sorted()
      if curve.level > levels[levels.count / 2] + slowFactor {
        slow.insert(curve.number)
      }
    }
    return slow
  }

  private static let slowNeighbours = 8
  private static let slowFactor = logarithm(2)

  /// The log ratio of an operator's time at a point to ``anchor``, its doubt and what it rests on.
  private func found(
    _ op: Operator, at point: AxisPoint, explains: Bool
  ) -> (estimate: Kriging.Estimate, evidence: Evidence, spread: Double)? {
    let curve = curves[op]
    var place = shape.places(op, device)(point)
    if let flag = shape.slowFlag, let curve, slow.contains(curve) { place[flag] = 1 }
    let own = measured(curve, at: point)
    let told = own.map { Kriging.Estimate(mean: kriging.values[$0], variance: 0) }
    guard
      var found = explains
        ? kriging.estimate(at: place, explains: true) : told ?? kriging.estimate(at: place)
    else { return nil }
    let evidence: Evidence =
      if own != nil {
        .measured
      } else if found.variance < Self.known * shape.covariance.variance, encloses(place) {
        .interpolated
      } else {
        curve != nil ? .extrapolated : .borrowed
      }
    // Half the deviation of single measurements: what repetitions in one run do not show.
    found.variance = max(found.variance, shape.covariance.noise / 4)
    return (found, evidence, own.map { samples[$0].spread } ?? 0)
  }

  /// The sample of this very point, found in a tenth of a microsecond.
  private func measured(_ curve: Int?, at point: AxisPoint) -> Int? {
    guard let curve else { return nil }
    // In the order of their points.
    var (low, high) = (ranges[curve].lowerBound, ranges[curve].upperBound)
    while low < high {
      let middle = (low + high) / 2
      if samples[middle].point.precedes(point) { low = middle + 1 } else { high = middle }
    }
    guard ranges[curve].contains(low), samples[low].point == point else { return nil }
    return low
  }

  /// Whether a place lies between the least and the largest size measured, along each coordinate.
  private func encloses(_ place: FieldPlace) -> Bool {
    (0..<shape.sizes).allSatisfy {
      place[$0] >= bounds.low[$0] - 1e-4 && place[$0] <= bounds.high[$0] + 1e-4
    }
  }

  /// Of what may vary, the share that may be unknown where a prediction is called interpolated.
  private static let known = 0.25

  /// The time of an operator at a point.
  func estimate(_ op: Operator, at point: AxisPoint, _ work: OperatorWork) -> FittedCurve.Estimate?
  {
    guard let (found, evidence, disagreement) = found(op, at: point, explains: false) else {
      return nil
    }
    let spread = scatter.factor(
      at: shape.places(op, device)(point)[0], hasCurve: curves[op] != nil,
      variance: found.variance)
    let light = target.speedOfLight(work, op.dataType)
    // What was measured is given back, whatever the data sheet says of it, and what lies between such points stays
    // between them; what beats a ring by measured ranks says nothing of ranks beyond them.
    let least =
      switch evidence {
      case _ where isTransferred: light
      case .measured: 0.0
      case .interpolated: curves[op].map { min(leastOfLight, leastOfCurve[$0]) * light } ?? light
      case .borrowed where curves[op] == nil: light
      default: leastOfLight * light
      }
    return FittedCurve.Estimate(
      nanoseconds: max(
        least, anchor.nanoseconds(work, Roofline(target, op.dataType)) * exponential(found.mean)),
      error: (spread * spread * found.variance + disagreement * disagreement
        + transferError * transferError).squareRoot(),
      evidence: isTransferred ? .borrowed : evidence)
  }

  /// The samples that an estimate rests on, those of the largest weight first.
  func support(_ op: Operator, at point: AxisPoint) -> [Prediction.Support] {
    guard let (found, _, _) = found(op, at: point, explains: true) else { return [] }
    let place = shape.places(op, device)(point)
    return found.weights.map { sample, weight in
      Prediction.Support(
        operator: operators[samples[sample].curve], point: samples[sample].point,
        nanoseconds: exponential(samples[sample].logTime), weight: weight,
        octaves: Double(
          kriging.places[sample].distance(to: place, alongFirst: shape.sizes)))
    }
  }

  /// Whether another device was measured than is predicted for.
  private var isTransferred: Bool { device.name != target.name }

  /// What a ratio errs that comes from another device.
  private var transferError: Double {
    isTransferred ? device.transferError(of: key.kind, to: target) : 0
  }

  /// How a prediction came about, for a person.
  func explanation(_ evidence: Evidence, own: FittedCurve?) -> String {
    let (points, curves) = (samples.count, operators.count)
    let field =
      "\(points) point\(points == 1 ? "" : "s") of \(curves) curve\(curves == 1 ? "" : "s") of "
      + "\(key.kind) (\(key.runtime))"
    if isTransferred {
      return "not measured on this device: the ratio to its roofline is that of \(device.name), "
        + field
    }
    return switch evidence {
    case .measured: "measured at this point, one of \(field)"
    case .interpolated where own != nil: "between its own points, one curve of \(field)"
    case .interpolated: "between the sizes around it, of \(field)"
    case .extrapolated: "beyond its own points, by \(field)"
    default: "no curve of its own: from the nearest of \(field)"
    }
  }

  /// Measures at once what every estimate needs of the field's scatter.
  func measureScatter() { scatter.measureAlongCurves() }

  /// Whether prefills of at least that many sequences at once were measured.
  func holdsSequences(upTo count: Int) -> Bool {
    operators.contains { $0.attributes["sequences", default: 1] >= count }
  }

  /// The values along an axis at which any curve of the field was measured, in order.
  func values(along axis: Int) -> [Int] { Set(samples.map { $0.point[axis] }).sorted() }
}
