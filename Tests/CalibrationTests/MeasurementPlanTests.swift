import Calibration
import CostModel
import Foundation
import Operators
import TestSupport
import Testing

@Suite struct MeasurementPlanTests {
  private func gemm(_ n: Int) -> Operator {
    Operator(.gemm, dataType: .bfloat16, ["n": n, "k": 64])
  }

  /// A run of `count` points over three products and attention, of all kinds of evidence.
  private func run(_ count: Int, seed: UInt64) -> [OperatorDemand] {
    var numbers = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let kind = Int(numbers.unit() * 4)
      let size = Int(exp2(numbers.unit() * 11))
      let evidence = Evidence.allCases[Int(numbers.unit() * 5)]
      let op =
        kind < 3
        ? gemm(kind + 1)
        : Operator(.attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 2, "headDim": 64])
      let point =
        kind < 3
        ? AxisPoint(size)
        : numbers.unit() < 0.5 ? AxisPoint(size, 64) : AxisPoint(0, 0, 1 + size / 64, size)
      return OperatorDemand(
        op, at: point, nanoseconds: exp2(10 + 10 * numbers.unit()),
        relativeError: evidence == .measured ? 0.05 * numbers.unit() : 0.03 + 0.4 * numbers.unit(),
        evidence: evidence, isMeasurable: numbers.unit() < 0.9)
    }
  }

  /// The variance that is left when points are measured, written down from the definition: the
  /// covariance matrix conditioned on noisy observations by solving their equations.
  private struct Oracle {
    var demands: [OperatorDemand]

    func covariance(_ i: Int, _ j: Int) -> Double {
      let (left, right) = (demands[i], demands[j])
      guard left.operator == right.operator else { return 0 }
      let isAttention = left.operator.kind == .attention
      if isAttention, (left.point[0] > 0) != (right.point[0] > 0) { return 0 }
      let octaves = (0..<5).reduce(0.0) { sum, axis in
        sum + abs(log2(Double(left.point[axis] + 1)) - log2(Double(right.point[axis] + 1)))
      }
      func common(_ evidence: Evidence) -> Double {
        evidence == .borrowed || evidence == .analytical ? 0.75 : 0.1
      }
      let (first, second) = (common(left.evidence), common(right.evidence))
      let rest = ((1 - first) * (1 - second)).squareRoot()
      return left.relativeError * right.relativeError
        * ((first * second).squareRoot() * exp(-octaves / 4)
          + rest * (0.4 * exp(-2 * octaves) + (i == j ? 0.6 : 0)))
    }

    /// What repeated measurements differ by: at least 2 %, and what measured points are doubted by.
    var errorOfMeasurement: Double {
      let errors = demands.filter { $0.evidence == .measured }.map(\.relativeError).sorted()
      return errors.isEmpty ? 0.02 : max(0.02, errors[errors.count / 2])
    }

    func variance(measuring chosen: [Int]) -> Double {
      let times = demands.map(\.nanoseconds)
      func withTotal(_ i: Int) -> Double {
        times.indices.reduce(0) { $0 + covariance(i, $1) * times[$1] }
      }
      let total = times.indices.reduce(0) { $0 + times[$1] * withTotal($1) }
      let noise = errorOfMeasurement * errorOfMeasurement
      // Gaussian elimination on the equations of the observations.
      var rows = chosen.map { i in
        chosen.map { j in covariance(i, j) + (i == j ? noise : 0) } + [withTotal(i)]
      }
      for pivot in rows.indices {
        for row in rows.indices where row > pivot {
          let factor = rows[row][pivot] / rows[pivot][pivot]
          for column in pivot...chosen.count {
            rows[row][column] -= factor * rows[pivot][column]
          }
        }
      }
      // What elimination leaves on the right, squared over its pivot, is what each one explains.
      return total
        - rows.indices.reduce(0) {
          $0 + rows[$1][chosen.count] * rows[$1][chosen.count] / rows[$1][$1]
        }
    }
  }

  /// All subsets of `count` of the indices.
  private func subsets(of indices: [Int], count: Int) -> [[Int]] {
    guard count > 0 else { return [[]] }
    guard let first = indices.first else { return [] }
    let rest = Array(indices.dropFirst())
    return subsets(of: rest, count: count - 1).map { [first] + $0 }
      + subsets(of: rest, count: count)
  }

  @Test(arguments: 1...40) func `Greedy is the best single point and near the best few`(
    seed: Int
  ) throws {
    var seen: Set<AxisPoint> = []
    let demands = run(12, seed: UInt64(seed)).filter { seen.insert($0.point).inserted }
    let oracle = Oracle(demands: demands)
    let candidates = demands.indices.filter {
      demands[$0].isMeasurable && demands[$0].evidence != .measured
    }
    let first = oracle.variance(measuring: [])
    for count in 1...min(3, candidates.count) {
      let plan = MeasurementPlan(demands, count: count)
      #expect(abs(plan.standardError / first.squareRoot() - 1) < 1e-9)
      let chosen = try plan.points.map { point in
        try #require(
          demands.firstIndex { $0.operator == point.operator && $0.point == point.point })
      }
      let left = oracle.variance(measuring: chosen)
      #expect(abs(plan.standardErrorAfter / left.squareRoot() - 1) < 1e-6)
      let best = subsets(of: candidates, count: count).map(oracle.variance).min() ?? first
      if count == 1 {
        #expect(left <= best * (1 + 1e-9))
      } else {
        // 1 - 1/e of what the best subset explains is what greedy is good for at the worst.
        #expect(first - left >= 0.9 * (first - best), "\(count) points")
      }
    }
  }

  @Test(arguments: [(5, 3), (60, 20), (60, 1000), (3000, 50)], [1, 2, 3])
  func `Every further point lowers the variance, none is asked for twice or measured already`(
    size: (demands: Int, points: Int), seed: Int
  ) {
    let demands = run(size.demands, seed: UInt64(seed))
    let plan = MeasurementPlan(demands, count: size.points)
    let total = demands.reduce(0) { $0 + $1.nanoseconds }
    #expect(abs(plan.nanoseconds / total - 1) < 1e-9)
    #expect(!plan.points.isEmpty && plan.points.count <= size.points)
    var error = plan.standardError
    var reductions: [Double] = []
    struct Place: Hashable {
      var `operator`: Operator
      var point: AxisPoint
    }
    var asked: Set<Place> = []
    let measured = Set(
      demands.filter { $0.evidence == .measured }.map {
        Place(operator: $0.operator, point: $0.point)
      })
    let offered = Set(
      demands.filter(\.isMeasurable).map { Place(operator: $0.operator, point: $0.point) })
    for point in plan.points {
      let place = Place(operator: point.operator, point: point.point)
      #expect(point.standardErrorBefore == error)
      #expect(point.standardErrorAfter < point.standardErrorBefore)
      #expect((0...1).contains(point.informedShare))
      #expect(asked.insert(place).inserted && !measured.contains(place) && offered.contains(place))
      reductions.append(error * error - point.standardErrorAfter * point.standardErrorAfter)
      error = point.standardErrorAfter
    }
    #expect(plan.standardErrorAfter == error)
    let parts = plan.parts.reduce(0) { $0 + $1.standardError * $1.standardError }
    #expect(abs(parts.squareRoot() / plan.standardError - 1) < 1e-9)
    // A shorter plan is the beginning of a longer one.
    let short = MeasurementPlan(demands, count: size.points / 2)
    #expect(short.points == Array(plan.points.prefix(size.points / 2)))
    // The order of the demands means nothing.
    let shuffled = MeasurementPlan(demands.reversed(), count: min(5, size.points))
    #expect(
      zip(shuffled.points, plan.points).allSatisfy {
        $0.operator == $1.operator && $0.point == $1.point
      }
    )
  }

  @Test func `A point tells of its neighbours, and not of other operators`() {
    let sizes = [64, 72, 80, 2048]
    let demands =
      sizes.map {
        OperatorDemand(
          gemm(1), at: AxisPoint($0), nanoseconds: 1e6, relativeError: 0.2,
          evidence: .interpolated)
      } + [
        OperatorDemand(
          gemm(2), at: AxisPoint(72), nanoseconds: 1.5e6, relativeError: 0.2,
          evidence: .interpolated)
      ]
    let plan = MeasurementPlan(demands, count: 3)
    // The three near ones weigh together, and the middle tells of both others; then the lone one of
    // another operator, and what the middle told least of.
    #expect(plan.points.prefix(2).map(\.point) == [AxisPoint(72), AxisPoint(72)])
    #expect(plan.points.map(\.operator) == [gemm(1), gemm(2), gemm(1)])
    #expect(plan.points[2].point == AxisPoint(64))
    // Of neighbours a sixth of an octave away it tells a third, e^(-d/4) / 10 + 0.36 e^(-2d).
    #expect(plan.points[0].informedShare > 1.65 / 5.5 && plan.points[0].informedShare < 1.8 / 5.5)
  }

  /// What is a point's alone averages out over many points; what a curve has in common does not.
  @Test func `Many points of one curve err less together than each, gathered to cells or not`() {
    func error(_ count: Int, at point: (Int) -> Int) -> Double {
      let demands = (0..<count).map {
        OperatorDemand(
          gemm(1), at: AxisPoint(point($0)), nanoseconds: 1e6, relativeError: 0.2,
          evidence: .interpolated)
      }
      let plan = MeasurementPlan(demands, count: 0)
      return plan.standardError / plan.nanoseconds
    }
    #expect(abs(error(1) { 1000 + $0 } - 0.2) < 1e-9)
    // All within a hundredth of an octave: 0.1 + 0.36 of the variance stay.
    #expect(abs(error(7) { 1000 + $0 } / (0.2 * (0.46 + 0.54 / 7).squareRoot()) - 1) < 0.01)
    // More than are looked at one by one: six thousand sizes, of which sixteen an octave are.
    let gathered = error(6000) { 2000 + $0 }
    #expect(gathered > 0.2 * 0.21.squareRoot() && gathered < 0.2 * 0.25.squareRoot())
  }

  @Test func `A point that the run does not visit is asked for where it is the only one`() {
    let demands = [
      OperatorDemand(
        gemm(1), at: AxisPoint(100), nanoseconds: 1e6, relativeError: 0.3, evidence: .borrowed,
        isMeasurable: false),
      OperatorDemand(
        gemm(1), at: AxisPoint(128), nanoseconds: 0, relativeError: 0.3, evidence: .borrowed),
    ]
    let plan = MeasurementPlan(demands, count: 9)
    #expect(plan.points.map(\.point) == [AxisPoint(128)])
    #expect(plan.standardErrorAfter < 0.7 * plan.standardError)
    #expect(plan.parts.map(\.isMeasurable) == [true])
  }

  @Test(arguments: [
    [], [(Double.nan, 0.1)], [(1, .infinity)], [(-1, 0.1)], [(0, 0.1)], [(1e300, 0.5)],
  ])
  func `What cannot be reckoned with is passed over`(numbers: [(Double, Double)]) {
    let demands = numbers.map {
      OperatorDemand(
        gemm(1), at: AxisPoint(1), nanoseconds: $0.0, relativeError: $0.1, evidence: .borrowed)
    }
    #expect(MeasurementPlan(demands, count: 5).points.count <= 1)
    #expect(MeasurementPlan(demands, count: -1).points.isEmpty)
  }
}
