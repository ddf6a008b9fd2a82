public import Analytical
import CostModel
public import OperatorStore
import Operators

/// How far plans of measurements keep their promises.
///
/// A made run visits all points of a few measured operators, each so often by chance. Their measurements
/// are hidden, a ``MeasurementPlan`` is made, what it asks for is shown again, and the run's time is
/// predicted before and after. What a plan promises is then held against what the cost model says of its
/// doubt afterwards, and against the true time. Points of one kind, type and software make a row, as
/// predictions come from one runtime alone.
public struct PlanCheck: Sendable {
  /// What is hidden of the run's operators.
  public enum Hidden: String, Sendable, Hashable, CaseIterable {
    /// Five of six points, by chance.
    case most = "five sixths"
    /// All points.
    case all
  }

  /// Root mean squares over runs, as parts of the run's time.
  public struct Row: Sendable, Hashable {
    /// What was measured.
    public var group: HoldOutCheck.Group
    /// What of the run's operators was hidden.
    public var hidden: Hidden
    /// Curves of the group that a run may be made of.
    public var curves: Int
    /// How many runs were made.
    public var runs: Int
    /// What the cost model says of its doubt before anything is measured.
    public var doubtBefore: Double
    /// What it is off by then.
    public var errorBefore: Double
    /// The doubt that the plan promises.
    public var promised: Double
    /// What the model says of its doubt once the plan's points are measured.
    public var doubtAfter: Double
    /// What it is off by then.
    public var errorAfter: Double
  }

  /// A row for each group and way of hiding, by name.
  public private(set) var rows: [Row] = []

  /// Operators of a run.
  static let operatorsOfRun = 4
  /// Points of an operator that a run visits at most, evenly spread.
  static let mostPoints = 128
  /// Curves with fewer points make no run.
  static let fewestPoints = 12

  /// Checks plans for a device.
  ///
  /// - Parameters:
  ///   - curves: what was measured on it.
  ///   - device: its data sheet.
  ///   - points: how many points a plan may ask for.
  ///   - runs: how many runs each row is made of.
  ///   - seed: of the random choices.
  /// - Complexity: two models of a runtime's kind, and two predictions of some hundreds of points, for each
  ///   run.
  public init(
    _ curves: [MeasuredCurve], on device: Device, points: Int, runs: Int = 20, seed: UInt64 = 1
  ) {
    for (group, curves) in HoldOutCheck.divided(curves) {
      let usable = curves.indices.filter { curves[$0].samples.count >= Self.fewestPoints }
      let byType = Dictionary(grouping: usable) { curves[$0].operator.dataType }
      for (type, candidates) in byType {
        var typed = group
        typed.dataType = type
        let name = "\(typed.sortKey)"
        // What is hidden whole is predicted from others.
        for hidden in Hidden.allCases
        where hidden == .most || curves.count > Self.operatorsOfRun {
          let outcomes = onThreads(4, count: runs) { run in
            Trial(
              curves, candidates, hidden, on: device, points: points,
              RandomStream(seed: seed &+ UInt64(run), name: "\(name) \(hidden)"))
          }
          rows.append(Row(typed, hidden, curves: candidates.count, outcomes))
        }
      }
    }
    rows.sort {
      let (left, right) = ($0.group.sortKey, $1.group.sortKey)
      return left == right ? $0.hidden == .most && $1.hidden == .all : left < right
    }
  }
}

extension PlanCheck.Row {
  fileprivate init(
    _ group: HoldOutCheck.Group, _ hidden: PlanCheck.Hidden, curves: Int, _ trials: [Trial]
  ) {
    func meanSquare(_ value: (Trial) -> Double) -> Double {
      (trials.reduce(0) { $0 + value($1) * value($1) } / Double(max(1, trials.count)))
        .squareRoot()
    }
    self.init(
      group: group, hidden: hidden, curves: curves, runs: trials.count,
      doubtBefore: meanSquare(\.before.doubt), errorBefore: meanSquare(\.before.error),
      promised: meanSquare(\.promised), doubtAfter: meanSquare(\.after.doubt),
      errorAfter: meanSquare(\.after.error))
  }
}

/// One run: what was promised of it, and what became of that.
private struct Trial: Sendable {
  /// A prediction of the run's time, as parts of it.
  struct Judgement: Sendable {
    var doubt: Double
    var error: Double
  }

  /// A sample that the run visits, and how often.
  private struct Visit {
    var curve: Int
    var sample: Int
    var times: Double
  }

  let before: Judgement
  let promised: Double
  let after: Judgement

  /// - Parameters:
  ///   - curves: of one runtime and kind.
  ///   - candidates: those that the run may be made of, by their places.
  init(
    _ curves: [MeasuredCurve], _ candidates: [Int], _ hidden: PlanCheck.Hidden, on device: Device,
    points: Int, _ stream: RandomStream
  ) {
    var random = stream
    let chosen = candidates.shuffled(using: &random).prefix(PlanCheck.operatorsOfRun)
    var visits: [Visit] = []
    var known = curves
    for curve in chosen {
      let samples = curves[curve].samples
      let stride = (samples.count + PlanCheck.mostPoints - 1) / PlanCheck.mostPoints
      for sample in Swift.stride(from: 0, to: samples.count, by: stride) {
        // Of each point as much time as of any other, by chance: else the largest are all of a run.
        let times = random.uniform() / samples[sample].duration.median
        visits.append(Visit(curve: curve, sample: sample, times: times))
      }
      known[curve].samples =
        hidden == .all ? [] : samples.filter { _ in random.uniform() < 1.0 / 6 }
    }
    func demands(_ shown: [MeasuredCurve]) -> [OperatorDemand] {
      let model = CostModel(curves: shown.filter { !$0.samples.isEmpty }, on: device)
      return visits.compactMap { visit in
        let curve = curves[visit.curve]
        let point = curve.samples[visit.sample].point
        return model.predict(curve.operator, at: point).map {
          OperatorDemand(
            curve.operator, at: point, nanoseconds: visit.times * $0.nanoseconds,
            relativeError: $0.relativeError, evidence: $0.evidence)
        }
      }
    }
    let truth = visits.reduce(0) {
      $0 + $1.times * curves[$1.curve].samples[$1.sample].duration.median
    }
    func judgement(_ plan: MeasurementPlan) -> Judgement {
      Judgement(
        doubt: plan.standardError / max(plan.nanoseconds, .leastNormalMagnitude),
        error: plan.nanoseconds / max(truth, .leastNormalMagnitude) - 1)
    }
    let plan = MeasurementPlan(demands(known), count: points)
    before = judgement(plan)
    promised = plan.standardErrorAfter / max(plan.nanoseconds, .leastNormalMagnitude)
    let asked = Dictionary(grouping: plan.points, by: \.operator).mapValues {
      Set($0.map(\.point))
    }
    for curve in chosen {
      guard let asked = asked[curves[curve].operator] else { continue }
      let kept = Set(known[curve].samples.map(\.point))
      known[curve].samples = curves[curve].samples.filter {
        kept.contains($0.point) || asked.contains($0.point)
      }
    }
    after = judgement(MeasurementPlan(demands(known), count: 0))
  }
}
