/// What a workload is estimated to take on a layout.
public struct RequestEstimate: Hashable, Sendable {
  /// All steps until the first tokens are there.
  public var prefill = StepEstimate()
  /// The mean step that generates one more token of each request.
  public var decode = StepEstimate()
  /// The memory of the fullest device.
  public var memory = MemoryPlan()
  /// The requests that the estimate is of, and their tokens.
  public var workload: Workload
  /// Devices.
  public var devices: Int
  /// Nanoseconds from the start of the batch to its first tokens.
  public var timeToFirstToken = 0.0
  /// Nanoseconds from one token of a request to its next.
  public var timePerOutputToken = 0.0
  /// The round of speculative decoding that the decode step is a token's part of, if any.
  public var speculation: Speculation.Round?
  /// Joules of all devices for the batch; nil where the device's power is not known.
  public var energy: Double?
  /// US dollars of all devices for the batch; nil where the device's price is not known.
  public var cost: Double?

  init(workload: Workload, devices: Int) {
    self.workload = workload
    self.devices = devices
  }

  /// Nanoseconds from the start of the batch to its last tokens.
  public var endToEnd: Double {
    timeToFirstToken + Double(workload.outputTokens - 1) * timePerOutputToken
  }

  /// Tokens generated a second by all devices, prefill included.
  public var throughput: Double {
    endToEnd > 0 ? Double(workload.batch * workload.outputTokens) / endToEnd * 1e9 : 0
  }

  /// Joules of one generated token; nil where the device's power is not known.
  public var energyPerToken: Double? {
    energy.map { $0 / Double(workload.batch * workload.outputTokens) }
  }

  /// US dollars of one generated token; nil where the device's price is not known.
  public var costPerToken: Double? {
    cost.map { $0 / Double(workload.batch * workload.outputTokens) }
  }

  /// Requests a second.
  public var requestRate: Double { throughput / Double(workload.outputTokens) }
}
