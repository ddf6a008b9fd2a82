internal import Operators

/// A layout with what a workload takes on it.
public struct Plan: Hashable, Sendable {
  /// The layout.
  public var layout: Parallelism
  /// The estimate.
  public var estimate: RequestEstimate

  /// Generated tokens a second and device, prefill included.
  public var throughputPerDevice: Double {
    estimate.throughput / Double(estimate.devices)
  }
}

/// What a service must keep to.
public struct ServiceLevel: Hashable, Sendable {
  /// The longest time to the first token, in nanoseconds; nil for any.
  public var timeToFirstToken: Double?
  /// The longest time per output token, in nanoseconds; nil for any.
  public var timePerOutputToken: Double?

  /// Anything goes.
  public init() {}

  /// Whether an estimate keeps to it.
  public func isMet(by estimate: RequestEstimate) -> Bool {
    (timeToFirstToken.map { estimate.timeToFirstToken <= $0 } ?? true)
      && (timePerOutputToken.map { estimate.timePerOutputToken <= $0 } ?? true)
  }
}

/// The search for the best layout of a model on a number of devices: all of them are tried.
///
///     let search = PlanSearch(model: model, platform: platform)
///     try search.plans(devices: 64, workload).first?.layout
public struct PlanSearch: Sendable {
  /// What is best.
  public enum Objective: String, Hashable, Sendable, CaseIterable {
    /// The most generated tokens a second, prefill included.
    case throughput
    /// The shortest time from start to end.
    case latency
    /// The fewest US dollars, or the fewest device seconds where no price is known.
    case cost
  }

  /// The model.
  public var model: ModelArchitecture
  /// What it runs on.
  public var platform: Platform
  /// The types of its numbers.
  public var precision = Precision(.bfloat16)
  /// What kernels reach.
  public var efficiencies = Efficiencies()
  /// What a plan must keep to.
  public var serviceLevel = ServiceLevel()
  /// What is best.
  public var objective = Objective.throughput

  /// Creates a search.
  public init(model: ModelArchitecture, platform: Platform) {
    self.model = model
    self.platform = platform
  }

  /// All layouts of exactly so many devices that the model can lie in, tensor-parallel ways last.
  public func layouts(devices: Int) -> [Parallelism] {
    var layouts: [Parallelism] = []
    for pipeline in Self.divisors(of: devices) {
      for data in Self.divisors(of: devices / pipeline) {
        for sequence in Self.divisors(of: devices / pipeline / data) {
          let tensor = devices / pipeline / data / sequence
          let ways = model.hasExperts ? Self.divisors(of: tensor * data * sequence) : [1]
          for expert in ways {
            let layout = Parallelism(
              tensor: tensor, pipeline: pipeline, expert: expert, data: data, sequence: sequence)
            if model.fault(in: layout) == nil { layouts.append(layout) }
          }
        }
      }
    }
    return layouts
  }

  /// All plans on exactly so many devices that fit and keep to the service level, the best first;
  /// of equals the one with fewer tensor-parallel devices.
  ///
  /// Data-parallel groups beyond the batch would stand idle and are left out.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` where the workload makes no sense.
  public func plans(
    devices: Int, _ workload: Workload
  ) throws(AnalyticalError) -> [Plan] {
    if let fault = workload.fault { throw .layout(problem: fault) }
    guard (1...Self.mostDevices).contains(devices) else {
      throw .layout(problem: "devices must be from 1 to \(Self.mostDevices), not \(devices)")
    }
    var plans: [Plan] = []
    for layout in layouts(devices: devices) where layout.data <= workload.batch {
      // What cannot fit is not compiled.
      guard model.weightBytes(precision, layout) < platform.device.memoryBytes else { continue }
      let steps = try StepEstimator(model, precision, layout, on: platform, efficiencies)
      let estimate = try RequestEstimator(steps).estimate(workload)
      guard estimate.memory.fits, serviceLevel.isMet(by: estimate) else { continue }
      plans.append(Plan(layout: layout, estimate: estimate))
    }
    let order = plans.enumerated().sorted { left, right in
      let (first, second) = (price(left.element), price(right.element))
      return first != second
        ? first < second
        : (left.element.layout.tensor, left.offset) < (right.element.layout.tensor, right.offset)
    }
    return order.map(\.element)
  }

  /// The most devices of a search.
  public static let mostDevices = 4096

  /// What is the smaller the better.
  private func price(_ plan: Plan) -> Double {
    switch objective {
    case .throughput: -plan.estimate.throughput
    case .latency: plan.estimate.endToEnd
    case .cost:
      plan.estimate.cost ?? plan.estimate.endToEnd * Double(plan.estimate.devices)
    }
  }

  /// The smallest number of devices, up to `limit`, on which the workload fits and keeps to the
  /// service level, with the best plan there; nil where none does.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` where the workload makes no sense.
  public func smallest(
    _ workload: Workload, upTo limit: Int
  ) throws(AnalyticalError) -> Plan? {
    for devices in 1...max(1, min(limit, Self.mostDevices)) {
      if let best = try plans(devices: devices, workload).first { return best }
    }
    return nil
  }

  /// The plans that no other beats in both time per output token and throughput, by rising time.
  public static func front(of plans: [Plan]) -> [Plan] {
    let order = plans.enumerated().sorted { left, right in
      let (first, second) = (left.element.estimate, right.element.estimate)
      return (first.timePerOutputToken, -first.throughput, left.offset)
        < (second.timePerOutputToken, -second.throughput, right.offset)
    }
    var front: [Plan] = []
    for (_, plan) in order
    where front.last.map({ plan.estimate.throughput > $0.estimate.throughput }) ?? true {
      front.append(plan)
    }
    return front
  }

  private static func divisors(of number: Int) -> [Int] {
    (1...max(1, number)).filter { number % $0 == 0 }
  }
}
