public import Analytical
public import CostModel
public import OperatorStore
import Operators
public import Scenarios

/// Pools whose models and devices are known.
extension PoolPlan {
  /// What engines of a language model cost.
  ///
  /// - Parameters:
  ///   - pool: whose own prices and powers come before the device's.
  ///   - plan: its group, resolved.
  public init(_ pool: EnginePool, _ plan: EnginePlan) {
    let group = plan.group
    self.init(
      pricing: .model(plan.measured), group: group,
      keyValueBytesPerToken: Double(group.tensorParallel)
        * plan.architecture.keyValueBytesPerToken(
          group.precision.keyValues, tensorParallel: group.tensorParallel),
      layers: plan.architecture.layers)
    take(pool, plan.device, devices: group.tensorParallel * max(1, group.pipelineParallel))
  }

  /// What engines of an encoder cost: passes over whole sequences, without a sampled token.
  ///
  /// - Parameters:
  ///   - curves: what was measured on the device; with none, passes cost their roofline.
  ///   - relatives: what was measured on other devices.
  /// - Throws: ``ReplayError/unevenShards(group:heads:tensorParallel:)`` if the heads cannot be shared.
  public init(
    _ pool: EnginePool, _ service: EncoderService, _ architecture: ModelArchitecture,
    on device: Device, curves: [MeasuredCurve], relatives: [RelativeCurves] = []
  ) throws(ReplayError) {
    guard architecture.heads % service.tensorParallel == 0 else {
      throw .unevenShards(
        group: pool.name, heads: architecture.heads, tensorParallel: service.tensorParallel)
    }
    let bounds = StepBounds(
      tokens: service.maxBatchTokens, sequences: service.maxBatch, context: service.maxBatchTokens)
    self.init(
      pricing: .model(
        StepModel(
          architecture, Precision(serving: service.dataType),
          tensorParallel: service.tensorParallel,
          on: CostModel(curves: curves, on: device, relatives: relatives, upTo: bounds),
          maximumTokens: service.maxBatchTokens, maximumSequences: service.maxBatch)))
    take(pool, device, devices: service.tensorParallel)
  }

  /// What devices cost that search.
  public init(_ pool: EnginePool, searchingOn device: Device) {
    self.init()
    take(pool, device, devices: 1)
  }

  /// What engines cost that run no model.
  public init(_ pool: EnginePool) {
    self.init(
      busyWatts: pool.busyWatts, idleWatts: pool.idleWatts, pricePerHour: pool.pricePerHour)
  }

  private mutating func take(_ pool: EnginePool, _ device: Device, devices: Int) {
    let count = Double(devices)
    busyWatts = pool.busyWatts ?? device.power.map { $0 * count }
    idleWatts = pool.idleWatts ?? device.idlePower.map { $0 * count }
    pricePerHour = pool.pricePerHour ?? device.pricePerHour.map { $0 * count }
  }
}
