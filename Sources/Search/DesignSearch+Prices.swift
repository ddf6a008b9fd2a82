import Analytical
import CostModel
import OperatorStore
import Operators
import Replay
import Scenarios

extension DesignSearch {
  /// What engines must have alike for their steps to cost the same.
  private struct PriceKey: Hashable {
    var costs: CostKey
    var layout: Parallelism
    var tokens, sampled: Int
    var graphs: [Int]
    var calibration: StoredCalibration?
  }

  /// What engines must have alike to share a cost model.
  private struct CostKey: Hashable {
    var device: Int
    var precision: Precision
    var bounds: StepBounds
    // What was measured of them differs by these, too.
    var runtime: String?
    var dealsExpertsOut: Bool
  }

  /// What steps cost, compiled once for all kinds of engines with the same steps; nil for kinds that are not asked for.
  ///
  /// Compiling is what takes long. By the roofline alone a step costs the same however many tokens the largest one may
  /// have, so that kinds that differ in nothing else share their tables.
  func prices(of asked: [Bool], threads: Int) -> [StepModel?] {
    var groups: [PriceKey: EngineGroup] = [:]
    var keys: [PriceKey?] = []
    let largest = zip(kinds, asked).lazy.filter(\.1).reduce(into: (tokens: 1, sampled: 1)) {
      $0.tokens = max($0.tokens, $1.0.group.maxBatchedTokens)
      $0.sampled = max($0.sampled, $1.0.group.sampledPositions)
    }
    for (number, kind) in kinds.enumerated() {
      guard asked[number] else {
        keys.append(nil)
        continue
      }
      let isShared =
        evidence[number].curves.isEmpty && kind.group.graphSizes.isEmpty
        && kind.group.policy == .vllm
      var group = kind.group
      if isShared {
        group.maxBatchedTokens = largest.tokens
        group.maxSequences = largest.sampled
        group.speculation = nil
        group.maxModelLength = 1
      }
      let key = PriceKey(
        costs: CostKey(
          device: kind.device, precision: group.precision, bounds: EnginePlan.bounds(of: group),
          runtime: group.runtime, dealsExpertsOut: group.dealsExpertsOut),
        layout: group.layout, tokens: group.maxBatchedTokens, sampled: group.sampledPositions,
        graphs: group.graphSizes,
        calibration: evidence[number].calibration)
      groups[key] = group
      keys.append(key)
    }
    // In the order of kinds, so that every run does the same.
    var order: [PriceKey] = []
    var places: [PriceKey: Int] = [:]
    var firsts: [Int] = []
    for (number, key) in keys.enumerated() {
      guard let key, places[key] == nil else { continue }
      places[key] = order.count
      order.append(key)
      firsts.append(number)
    }
    var costs: [CostKey: CostModel] = [:]
    for (key, first) in zip(order, firsts) where costs[key.costs] == nil {
      costs[key.costs] = CostModel(
        curves: evidence[first].curves, on: devices[key.costs.device],
        relatives: evidence[first].relatives, upTo: key.costs.bounds)
    }
    let models = costs
    let prepared = zip(order, firsts).compactMap { key, first in
      groups[key].flatMap { group in models[key.costs].map { (group, $0, evidence[first]) } }
    }
    let compiled = onThreads(threads, count: prepared.count) { place in
      let (group, costs, evidence) = prepared[place]
      return EnginePlan.steps(of: group, architecture, on: costs, evidence.calibration)
    }
    return keys.map { key in key.flatMap { places[$0] }.map { compiled[$0] } }
  }
}
