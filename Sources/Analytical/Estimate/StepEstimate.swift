/// What one engine step is estimated to take, on each of its devices.
public struct StepEstimate: Hashable, Sendable {
  /// Nanoseconds that arithmetic takes; where it overlaps with memory traffic, its share by squares.
  public var compute = 0.0
  /// Nanoseconds that memory traffic takes, in the same way.
  public var memory = 0.0
  /// Nanoseconds in which devices exchange what they made.
  public var communication = 0.0
  /// Nanoseconds that launching, ramping up and draining kernels take.
  public var latency = 0.0
  /// Nanoseconds that reading from the host's memory takes beyond all that.
  public var offload = 0.0
  /// Floating-point operations of one device.
  public var flops = 0.0
  /// Bytes that cross the memory bus of one device.
  public var bytes = 0.0
  /// Bytes that cross the link of one device.
  public var linkBytes = 0.0
  /// Nanoseconds that the same work takes at the data sheet's rates.
  public var speedOfLight = 0.0

  /// Creates an estimate of nothing.
  public init() {}

  /// The whole step in nanoseconds.
  public var time: Double { compute + memory + communication + latency + offload }

  /// The sum of two steps, one after the other.
  public static func + (left: Self, right: Self) -> Self {
    var sum = left
    sum.compute += right.compute
    sum.memory += right.memory
    sum.communication += right.communication
    sum.latency += right.latency
    sum.offload += right.offload
    sum.flops += right.flops
    sum.bytes += right.bytes
    sum.linkBytes += right.linkBytes
    sum.speedOfLight += right.speedOfLight
    return sum
  }
}

extension StepEstimate {
  /// A part of a step, as a token's of a round that yields several.
  func divided(by count: Double) -> Self {
    var part = self
    part.compute /= count
    part.memory /= count
    part.communication /= count
    part.latency /= count
    part.offload /= count
    part.flops /= count
    part.bytes /= count
    part.linkBytes /= count
    part.speedOfLight /= count
    return part
  }
}

extension StepEstimate {
  /// What takes most of the step; of equals the first of arithmetic, memory, communication and launches.
  public var bound: OperatorEstimate.Bound {
    let parts: [(OperatorEstimate.Bound, Double)] = [
      (.compute, compute), (.memory, memory), (.communication, communication), (.latency, latency),
    ]
    return parts.reduce(parts[0]) { $1.1 > $0.1 ? $1 : $0 }.0
  }
}

/// One operator's part of a step.
public struct OperatorEstimate: Hashable, Sendable {
  /// What limits an operator.
  public enum Bound: String, Hashable, Sendable {
    case compute, memory, communication, latency
  }

  /// What it does in the model, such as `qkv_proj`.
  public var role: String
  /// The operator, as a cost model names it.
  public var name: String
  /// How often the step runs it.
  public var count: Int
  /// Nanoseconds of one run.
  public var time: Double
  /// What limits it.
  public var bound: Bound
  /// Floating-point operations of one run.
  public var flops: Double
  /// Bytes across the memory bus of one run.
  public var bytes: Double
  /// Bytes across the link of one run.
  public var linkBytes: Double

  /// Nanoseconds of all runs.
  public var total: Double { time * Double(count) }

  /// Floating-point operations a byte of memory traffic.
  public var intensity: Double { bytes > 0 ? flops / bytes : 0 }
}
