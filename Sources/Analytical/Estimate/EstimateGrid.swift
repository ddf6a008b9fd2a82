public import Operators

/// Estimates of models on platforms at every combination of a few sizes, for comparison.
///
/// Every model lies tensor-parallel on so many devices, which is what engines do within a server. What
/// neither fits nor can be laid out has a reason instead of times.
public struct EstimateGrid: Sendable {
  /// What is combined with what.
  public struct Axes: Hashable, Sendable {
    /// The models.
    public var models: [ModelArchitecture]
    /// What they run on.
    public var platforms: [Platform]
    /// Types of weights and products, as `reprise estimate --dtype` takes them.
    public var types: [DataType]
    /// Numbers of devices.
    public var devices: [Int]
    /// Requests at once.
    public var batches: [Int]
    /// Prompt tokens of each.
    public var inputs: [Int]
    /// Tokens that each generates, at least 2.
    public var outputs: [Int]

    /// Creates axes.
    public init(
      models: [ModelArchitecture], platforms: [Platform], types: [DataType], devices: [Int],
      batches: [Int], inputs: [Int], outputs: [Int]
    ) {
      self.models = models
      self.platforms = platforms
      self.types = types
      self.devices = devices
      self.batches = batches
      self.inputs = inputs
      self.outputs = outputs
    }

    /// Estimates in all.
    public var count: Int {
      [
        models.count, platforms.count, types.count, devices.count, batches.count, inputs.count,
        outputs.count,
      ].reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    }
  }

  /// A time in nanoseconds, and what takes most of it.
  public struct Time: Hashable, Sendable {
    /// Nanoseconds.
    public var nanoseconds: Double
    /// What takes most of the step.
    public var bound: OperatorEstimate.Bound
  }

  /// One model in one type on one number of devices: what does not depend on the platform.
  public struct Placement: Sendable {
    /// Why it cannot be laid out so; nil where it can. Then all else is empty.
    public var fault: String?
    /// Bytes of weights on the fullest device.
    public var weights = 0.0
    /// Bytes of intermediate results, by batch and input.
    public var activations: [Double] = []
    /// Bytes of keys and values, by batch, input and output.
    public var caches: [Double] = []
    /// The times, platform by platform.
    public var deployments: [Deployment] = []
  }

  /// A placement on one platform. Where it does not fit, or the platform joins fewer devices, there is nil.
  public struct Deployment: Hashable, Sendable {
    /// The time to the first token, by batch and input; nil where it fits with no output.
    public var firstTokens: [Time?] = []
    /// The time per output token, by batch, input and output.
    public var outputTokens: [Time?] = []
    /// Joules of a generated token, by batch, input and output; nil, too, where the device's power is not known.
    public var tokenEnergies: [Double?] = []
  }

  /// What was combined.
  public let axes: Axes
  /// By model, type and number of devices.
  public let placements: [Placement]

  /// Estimates all combinations.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` where a size makes no sense or a model generates nothing.
  public init(_ axes: Axes) throws(AnalyticalError) {
    self.axes = axes
    var placements: [Placement] = []
    for model in axes.models {
      for type in axes.types {
        for devices in axes.devices {
          placements.append(
            try Placement(model, Precision(serving: type), devices: devices, axes))
        }
      }
    }
    self.placements = placements
  }
}

extension EstimateGrid.Placement {
  fileprivate init(
    _ model: ModelArchitecture, _ precision: Precision, devices: Int, _ axes: EstimateGrid.Axes
  ) throws(AnalyticalError) {
    let layout = Parallelism(tensor: devices)
    if let fault = model.fault(in: layout) {
      self.fault = fault
      return
    }
    weights = model.weightBytes(precision, layout)
    for platform in axes.platforms {
      let steps = try StepEstimator(model, precision, layout, on: platform)
      let isFirst = deployments.isEmpty
      deployments.append(EstimateGrid.Deployment())
      try estimate(
        RequestEstimator(steps), axes, isJoined: devices <= platform.devices, keepsMemory: isFirst)
    }
  }

  /// Fills in the last deployment; memory is the same on every platform and kept once.
  private mutating func estimate(
    _ estimator: RequestEstimator, _ axes: EstimateGrid.Axes, isJoined: Bool, keepsMemory: Bool
  ) throws(AnalyticalError) {
    var deployment = EstimateGrid.Deployment()
    for batch in axes.batches {
      for input in axes.inputs {
        var first: EstimateGrid.Time?
        for output in axes.outputs {
          let estimate = try estimator.estimate(
            Workload(batch: batch, inputTokens: input, outputTokens: output))
          if keepsMemory { caches.append(estimate.memory.cache) }
          if keepsMemory, output == axes.outputs.first {
            activations.append(estimate.memory.activations)
          }
          let isThere = isJoined && estimate.memory.fits
          if isThere {
            first = EstimateGrid.Time(
              nanoseconds: estimate.timeToFirstToken, bound: estimate.prefill.bound)
          }
          deployment.outputTokens.append(
            isThere
              ? EstimateGrid.Time(
                nanoseconds: estimate.timePerOutputToken, bound: estimate.decode.bound) : nil)
          deployment.tokenEnergies.append(isThere ? estimate.energyPerToken : nil)
        }
        deployment.firstTokens.append(first)
      }
    }
    deployments[deployments.count - 1] = deployment
  }
}
