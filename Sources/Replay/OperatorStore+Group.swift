public import Analytical
public import CostModel
public import OperatorStore
public import Scenarios

extension OperatorStore {
  /// What is known for pricing the steps of a group of engines on its device: by the software that it names, and
  /// with the exchanges of tokens where its ranks share experts.
  public func evidence(
    for group: EngineGroup, serving architecture: ModelArchitecture, on device: Device
  ) throws(OperatorStoreError) -> (curves: [MeasuredCurve], relatives: [RelativeCurves]) {
    try evidence(
      for: architecture.askedOperators(
        group.precision, dealsExpertsOut: group.dealsExpertsOut), on: device, by: group.runtime)
  }
}
