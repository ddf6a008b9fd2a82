import Analytical
public import Operators
import Scenarios

/// What one engine of a replay did, and what that took.
public struct EngineSummary: Sendable, Hashable, Codable {
  /// Its group's name.
  public var name: String
  /// The device, by the name of its data sheet.
  public var device: String
  /// How many devices it has.
  public var devices: Int
  /// Steps that it ran.
  public var steps: Int
  /// Time in which steps were in flight.
  public var busyTime: Nanoseconds
  /// ``busyTime`` as a part of the replay's makespan, at most 1.
  public var utilisation: Double
  /// Scheduled sequences, averaged over the makespan.
  public var meanRunning: Double
  /// The most sequences in one step.
  public var peakRunning: Int
  /// The most requests that waited while it stepped.
  public var peakWaiting: Int
  /// The part of key-value blocks in use, averaged over the time of steps.
  public var meanMemoryUse: Double
  /// The largest part of key-value blocks in use.
  public var peakMemoryUse: Double
  /// Times that a request lost its memory.
  public var preemptions: Int
  /// Energy in joules: busy and idle time at the data sheet's watts; nil where it names neither.
  public var joules: Double?
  /// What the makespan costs at the data sheet's price, in dollars; nil without a price.
  public var cost: Double?

  private enum CodingKeys: String, CodingKey {
    case name, device, devices, steps, utilisation, preemptions, joules, cost
    case busyTime = "busy_ns"
    case meanRunning = "mean_running"
    case peakRunning = "peak_running"
    case peakWaiting = "peak_waiting"
    case meanMemoryUse = "mean_memory_use"
    case peakMemoryUse = "peak_memory_use"
  }

  /// The engines of a replay in their order, over the whole of it: a warm-up is engines' time, too.
  public static func engines(of result: ReplayResult, _ plans: [EnginePlan]) -> [EngineSummary] {
    let makespan = result.makespan
    return result.engines.compactMap { totals in
      guard plans.indices.contains(totals.group) else { return nil }
      return EngineSummary(totals, plans[totals.group], over: makespan)
    }
  }

  private init(_ totals: EngineTotals, _ plan: EnginePlan, over makespan: Nanoseconds) {
    name = plan.group.name
    device = plan.group.device
    devices = max(1, plan.group.tensorParallel) * max(1, plan.group.pipelineParallel)
    steps = totals.steps
    busyTime = totals.busyTime
    let span = max(1, Double(makespan.rawValue))
    utilisation = min(1, Double(totals.busyTime.rawValue) / span)
    meanRunning = totals.runningTime / span
    peakRunning = totals.peakRunning
    peakWaiting = totals.peakWaiting
    let blocks = Double(max(1, totals.blocks))
    meanMemoryUse = totals.blockTime / blocks / max(1, Double(totals.busyTime.rawValue))
    peakMemoryUse = Double(totals.peakBlocks) / blocks
    preemptions = totals.preemptions
    let count = Double(devices)
    if let busyWatts = plan.device.power, let idleWatts = plan.device.idlePower {
      let idle = max(0, makespan.seconds - busyTime.seconds)
      joules = count * (busyTime.seconds * busyWatts + idle * idleWatts)
    }
    cost = plan.device.pricePerHour.map { count * $0 * makespan.seconds / 3600 }
  }
}

extension ResourceTotals {
  /// Energy and cost of a replay's engines together, over the tokens of all requests that finished, those of a warm-up
  /// among them.
  public init(_ engines: [EngineSummary], of result: ReplayResult) {
    self.init(
      engines.lazy.map { (name: $0.name, joules: $0.joules, cost: $0.cost) },
      outputTokens: result.outcomes.reduce(0) {
        $0 + ($1.status == .finished ? Int($1.outputTokens) : 0)
      })
  }
}
