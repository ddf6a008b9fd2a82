public import Analytical
public import CostModel
public import OperatorStore
public import Operators
public import Scenarios

/// A group of engines with its model, device, memory and prices resolved.
///
/// Two prices of every step: from measurements, and from the roofline alone, so that a reader can
/// see what the measurements bought.
public struct EnginePlan: Sendable {
  /// The group, its number of key-value blocks derived where it was not given, and the size of what it hands
  /// over.
  public let group: EngineGroup
  /// The model that it serves.
  public let architecture: ModelArchitecture
  /// The device's data sheet.
  public let device: Device
  /// How many curves were measured on the device; with none, ``measured`` is borrowed from
  /// ``lenders``, or the roofline too.
  public let curveCount: Int
  /// The software that measured them, without versions, by name; libraries of collectives, which serve any
  /// of it, apart.
  public let software: [String]
  /// The types that those curves were measured in, each once.
  public let measuredTypes: Set<DataType>
  /// The other devices whose curves may be borrowed from, each once.
  public let lenders: [String]
  /// What was fitted for this deployment, if anything.
  public let calibration: StoredCalibration?
  /// What steps cost by measurements.
  public let measured: StepModel
  /// What they cost by the data sheet.
  public let roofline: StepModel

  /// Resolves a group.
  ///
  /// - Parameters:
  ///   - group: the engines.
  ///   - architecture: their model.
  ///   - device: the data sheet of ``Scenarios/EngineGroup/device``.
  ///   - curves: what was measured on that device; none is allowed, and prices are then those of
  ///     the roofline.
  ///   - relatives: what was measured on other devices, for operators of which this one has nothing.
  ///   - calibration: what was fitted for this deployment, if anything.
  /// - Throws: ``ReplayError/doesNotFit(group:needed:available:)`` if the weights leave no memory,
  ///   ``ReplayError/conflict(group:what:)`` if the model has fewer layers than pipeline stages,
  ///   ``ReplayError/unevenShards(group:heads:tensorParallel:)`` if the heads cannot be shared,
  ///   ``ReplayError/experts(group:what:)`` if the experts cannot be dealt out.
  public init(
    _ group: EngineGroup, _ architecture: ModelArchitecture, on device: Device,
    curves: [MeasuredCurve], relatives: [RelativeCurves] = [], calibration: StoredCalibration?
  ) throws(ReplayError) {
    self.group = try Self.resolved(group, architecture, on: device)
    self.architecture = architecture
    self.device = device
    self.curveCount = curves.count
    self.software = Set(
      curves.lazy.filter { !$0.operator.kind.isCollective }.map { $0.runtime.prefix { $0 != " " } }
    ).map(String.init).sorted()
    self.measuredTypes = Set(curves.compactMap(\.operator.dataType))
    var seen: Set<String> = []
    self.lenders = relatives.map(\.device.name).filter { seen.insert($0).inserted }
    self.calibration = calibration
    self.measured = Self.steps(
      of: group, architecture,
      on: CostModel(curves: curves, on: device, relatives: relatives, upTo: Self.bounds(of: group)),
      calibration)
    self.roofline = Self.steps(of: group, architecture, on: CostModel(analytical: device), nil)
  }

  /// A group whose model can lie on its devices, with its memory and the size of what it hands over.
  ///
  /// - Throws: as ``init(_:_:on:curves:relatives:calibration:)`` does.
  public static func resolved(
    _ group: EngineGroup, _ architecture: ModelArchitecture, on device: Device
  ) throws(ReplayError) -> EngineGroup {
    guard architecture.heads % group.tensorParallel == 0 else {
      throw .unevenShards(
        group: group.name, heads: architecture.heads, tensorParallel: group.tensorParallel)
    }
    guard group.pipelineParallel <= architecture.layers else {
      throw .conflict(
        group: group.name,
        what: "\(architecture.layers) layers cannot fill \(group.pipelineParallel) pipeline stages")
    }
    if group.expertParallel > 1, let fault = architecture.fault(in: group.layout) {
      throw .experts(group: group.name, what: fault)
    }
    var resolved = group
    if resolved.blockCount == nil {
      resolved.blockCount = try blockCount(group, architecture, device)
    }
    if group.role == .prefill, group.keyValues == nil {
      let bytes = architecture.keyValueBytesPerToken(
        group.precision.keyValues, tensorParallel: group.tensorParallel)
      resolved.keyValues = KeyValueSize(
        bytesPerToken: bytes * Double(group.tensorParallel), layers: max(1, architecture.layers))
    }
    return resolved
  }

  /// What steps of a group cost by a cost model of its device.
  public static func steps(
    of group: EngineGroup, _ architecture: ModelArchitecture, on costs: CostModel,
    _ calibration: StoredCalibration?
  ) -> StepModel {
    StepModel(
      architecture, group.precision, group.layout, on: costs, maximumTokens: group.maxBatchedTokens,
      maximumSequences: group.sampledPositions, calibration: calibration
    ).padded(to: calibration.map { $0.padsToGraphs == true } ?? true ? group.graphSizes : [])
  }

  /// How large the steps of a group get.
  public static func bounds(of group: EngineGroup) -> StepBounds {
    StepBounds(
      tokens: max(group.maxBatchedTokens, group.sampledPositions), sequences: group.maxSequences,
      context: group.maxModelLength)
  }

  /// Bytes a device by which weights and the given blocks exceed its memory; zero where they fit.
  public var excessBytes: Double { Self.excessBytes(of: group, architecture, on: device) }

  /// The same of a group that is resolved.
  public static func excessBytes(
    of group: EngineGroup, _ architecture: ModelArchitecture, on device: Device
  ) -> Double {
    let (weights, block) = memory(group, architecture)
    return max(0, weights + Double(group.blockCount ?? 0) * block - device.memoryBytes)
  }

  /// Bytes a device of a sequence's keys and values: those that windows and states keep, and those that blocks hold.
  package func keyValueBytes(ofContext tokens: Int) -> (kept: Double, held: Double) {
    let (precision, ranks) = (group.precision, group.tensorParallel)
    return (
      architecture.cacheBytes(tokens: Double(tokens), precision, tensorParallel: ranks),
      Double(tokens)
        * architecture.keyValueBytesPerToken(precision.keyValues, tensorParallel: ranks)
    )
  }

  /// Bytes a device of the weights, and of one key-value block.
  private static func memory(
    _ group: EngineGroup, _ architecture: ModelArchitecture
  ) -> (weights: Double, block: Double) {
    let perToken = architecture.keyValueBytesPerToken(
      group.precision.keyValues, tensorParallel: group.tensorParallel)
    // The stage with the most layers decides.
    let stages = max(1, group.pipelineParallel)
    let layers = max(1, architecture.layers)
    let share = Double((layers + stages - 1) / stages) / Double(layers)
    return (
      architecture.weightBytes(group.precision, group.layout),
      Double(group.blockSize) * perToken * share
    )
  }

  /// What a serving engine finds room for: the memory it may use, less weights, less what one
  /// step's activations and logits and the device's context take, in whole blocks.
  ///
  /// vLLM measures the activations' peak; here it is estimated as the feed-forward network's and
  /// residual's rows of a full step, two copies of single-precision logits for every sequence, and
  /// half a GiB of context. On one RTX 4090 with Llama 3.1 8B vLLM 0.19 found 2,588 blocks; this
  /// finds 5 to 15 % more, so give `num_gpu_blocks` where it is known.
  private static func blockCount(
    _ group: EngineGroup, _ architecture: ModelArchitecture, _ device: Device
  ) throws(ReplayError) -> Int {
    let activations = architecture.activationBytes(
      tokens: group.maxBatchedTokens, sampled: group.maxSequences, group.precision.activations,
      tensorParallel: group.tensorParallel)
    let (weights, block) = memory(group, architecture)
    let available = device.memoryBytes * group.memoryUtilization
    let blocks = (available - weights - activations) / block
    guard blocks >= 2 else {
      throw .doesNotFit(
        group: group.name, needed: Int(weights + activations), available: Int(available))
    }
    // Models without keys and values have room for any number.
    return Int(min(blocks, Double(EngineGroup.mostBlocks)))
  }
}
