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
  struct Sample: Sendable {
    var `operator`: Operator
    var point: AxisPoint
    var work: OperatorWork
    /// Nanoseconds.
    var time: Double
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
  private let operators: Set<Operator>
  private let slow: Set<Operator>
  /// By what the covariance's standard deviation is multiplied here.
  private let spread: Double

  /// Fewer samples say nothing of a field.
  private static let fewestSamples = 12
  /// Leave-one-out checks behind ``spread``.
  private static let checks = 160

  /// Makes a field of the curves of one runtime; nil where none has a sample in the region.
  init?(_ key: Key, _ curves: [MeasuredCurve], on device: Device, for target: Device) {
    guard let shape = FieldShape.shape(of: key.kind, key.region) else { return nil }
    self.key = key
    self.shape = shape
    self.device = device
    self.target = target
    var samples: [Sample] = []
    var operators: Set<Operator> = []
    for curve in curves {
      let op = curve.operator
      let before = samples.count
      for measured in curve.points where FieldRegion(op, measured.point) == key.region {
        guard let work = OperatorWork(op, at: measured.point) else { continue }
        samples.append(
          Sample(
            operator: op, point: measured.point, work: work, time: exponential(measured.logTime)))
      }
      if samples.count > before { operators.insert(op) }
    }
    guard samples.count >= Self.fewestSamples else { return nil }
    let anchor =
      shape.launches.map { FieldAnchor(floor: $0 * device.launchFloor) }
      ?? FieldAnchor(of: samples, on: device)
    self.anchor = anchor
    self.samples = samples
    self.operators = operators
    var places = samples.map { shape.place($0.operator, $0.point, device) }
    let ratios = samples.map {
      logarithm($0.time / anchor.nanoseconds($0.work, $0.operator.dataType, device))
    }
    var slow: Set<Operator> = []
    bounds = places.reduce(into: (low: places[0], high: places[0])) { bounds, place in
      bounds.low.replace(with: place, where: place .< bounds.low)
      bounds.high.replace(with: place, where: place .> bounds.high)
    }
    if let flag = shape.slowFlag {
      slow = Self.slowCurves(places, ratios, samples)
      for index in places.indices where slow.contains(samples[index].operator) {
        places[index][flag] = 1
      }
    }
    self.slow = slow
    self.kriging = Kriging(places, ratios, shape.covariance, shape.neighbourhood)
    self.spread = Self.spread(kriging, shape)
  }

  /// Tells curves that are several times slower than those like them by a coordinate: some shapes
  /// fall to a kernel that their neighbours do not use, and say nothing of them.
  private static func slowCurves(
    _ places: [FieldPlace], _ ratios: [Double], _ samples: [Sample]
  ) -> Set<Operator> {
    var curves: [(op: Operator, place: FieldPlace, level: Double)] = []
    var start = 0
    while start < samples.count {
      let op = samples[start].operator
      var end = start
      while end < samples.count, samples[end].operator == op { end += 1 }
      curves.append((op, places[start], ratios[start..<end].sorted()[(end - start) / 2]))
      start = end
    }
    guard curves.count > slowNeighbours else { return [] }
    var slow: Set<Operator> = []
    // What differs along a curve does not count.
    let tree = NeighbourTree(
      curves.map(\.place), weights: FieldPlace(weights: [0, 1, 1, 1, 1, 1, 4, 1, 1]))
    for (index, curve) in curves.enumerated() {
      let levels = tree.nearest(slowNeighbours, to: curve.place, excluding: index)
        .map { curves[$0].level }.sorted()
      if curve.level > levels[levels.count / 2] + slowFactor {
        slow.insert(curve.op)
      }
    }
    return slow
  }

  private static let slowNeighbours = 8
  private static let slowFactor = logarithm(2)

  /// The standard deviation that leave-one-out errors show, in units of the covariance's own: a
  /// robust one, so that 90 % lie inside the 90 % interval.
  private static func spread(_ kriging: Kriging, _ shape: FieldShape) -> Double {
    let count = kriging.values.count
    guard count >= 24 else { return shape.spread }
    let stride = max(1, count / checks)
    var ratios: [Double] = []
    for sample in Swift.stride(from: stride / 2, to: count, by: stride) {
      guard
        let estimate = kriging.estimate(at: kriging.places[sample], excluding: sample),
        estimate.variance > 0
      else { continue }
      ratios.append(
        abs(estimate.mean - kriging.values[sample]) / estimate.variance.squareRoot())
    }
    guard ratios.count >= 20 else { return shape.spread }
    ratios.sort()
    return max(0.02, ratios[ratios.count * 9 / 10] / 1.645)
  }

  /// The log ratio of an operator's time at a point to ``anchor``, its doubt and what it rests on.
  private func found(
    _ op: Operator, at point: AxisPoint, explains: Bool
  ) -> (estimate: Kriging.Estimate, evidence: Evidence)? {
    var place = shape.place(op, point, device)
    if let flag = shape.slowFlag, slow.contains(op) { place[flag] = 1 }
    guard var found = kriging.estimate(at: place, explains: explains) else { return nil }
    let evidence: Evidence =
      if found.variance < 1e-6 * shape.covariance.variance {
        .measured
      } else if found.variance < Self.known * shape.covariance.variance, encloses(place) {
        .interpolated
      } else {
        operators.contains(op) ? .extrapolated : .borrowed
      }
    // Half the deviation of single measurements: what repetitions in one run do not show.
    found.variance = max(found.variance, shape.covariance.noise / 4)
    return (found, evidence)
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
    guard let (found, evidence) = found(op, at: point, explains: false) else { return nil }
    return FittedCurve.Estimate(
      nanoseconds: max(
        target.speedOfLight(work, op.dataType),
        anchor.nanoseconds(work, op.dataType, target) * exponential(found.mean)),
      error: (spread * spread * found.variance + transferError * transferError).squareRoot(),
      evidence: isTransferred ? .borrowed : evidence)
  }

  /// The samples that an estimate rests on, those of the largest weight first.
  func support(_ op: Operator, at point: AxisPoint) -> [Prediction.Support] {
    guard let (found, _) = found(op, at: point, explains: true) else { return [] }
    let place = shape.place(op, point, device)
    return found.weights.map { sample, weight in
      Prediction.Support(
        operator: samples[sample].operator, point: samples[sample].point,
        nanoseconds: samples[sample].time, weight: weight,
        octaves: Double(
          kriging.places[sample].distances(to: place).total(ofFirst: shape.sizes)))
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
    let field =
      "\(samples.count) points of \(operators.count) curves of \(key.kind) (\(key.runtime))"
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

  /// Whether prefills of at least that many sequences at once were measured.
  func holdsSequences(upTo count: Int) -> Bool {
    operators.contains { $0.attributes["sequences", default: 1] >= count }
  }

  /// The values along an axis at which any curve of the field was measured, in order.
  func values(along axis: Int) -> [Int] { Set(samples.map { $0.point[axis] }).sorted() }
}
