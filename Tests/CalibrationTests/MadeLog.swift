import Calibration
import CostModel
import Operators
import Replay
import RequestLogs
import Scenarios
import TestSupport

/// Steps of known price whose durations vary as a machine's do, the same for the same seed.
struct VaryingSteps<Base: StepPricing>: StepPricing {
  var base: Base
  /// Relative, at most.
  var variation: Double
  var seed: UInt64

  func price(_ shape: StepShape) -> StepPrice {
    var price = base.price(shape)
    var random = SplitMix64(
      seed: seed &+ UInt64(shape.tokens) &* 0x9E37_79B9 &+ UInt64(shape.decodeContext) << 20
        &+ UInt64(shape.prefillPairs))
    let factor = 1 + variation * (2 * random.unit() - 1)
    price.deviceTime *= factor
    price.hostTime *= factor
    return price
  }
}

/// Kernels with the two laws that tell device time from host time: a floor, and context.
struct MadeKernels: StepPricing {
  func price(_ shape: StepShape) -> StepPrice {
    guard shape.tokens > 0 else { return StepPrice() }
    var price = StepPrice()
    price[.measured] =
      max(1e7, 4e4 * Double(shape.tokens)) + 3e3 * Double(shape.decodeContext)
    return price
  }
}

/// A log whose measured latencies are a replay's with known parameters.
struct MadeLog {
  /// Eight sequences at once, of the kernels of ``kernels``.
  static func deployment(sequences: Int = 8, async: Bool = false) -> Deployment {
    Deployment(
      model: "made",
      engines: [
        EngineGroup(
          name: "made", device: "made", maxSequences: sequences, maxBatchedTokens: 512,
          maxModelLength: 4096, blockCount: 10_000, enablesPrefixCaching: false,
          asyncScheduling: async)
      ])
  }
  /// 10 ms of reading weights, or 40 µs of arithmetic a token where that is longer, and 3 µs a token
  /// of context that decodes read.
  static let kernels = MadeKernels()

  var records: [RequestRecord]
  var deployment: Deployment

  /// - Parameters:
  ///   - gap: mean nanoseconds between arrivals, which are random; nil for requests that never meet.
  ///   - variation: of the measured steps' durations.
  ///   - sizes: tokens of each prompt and answer; random ones if not given.
  init(
    _ truth: StepParameters, requests: Int = 160, gap: Double? = 1.3e8, variation: Double = 0.02,
    seed: UInt64 = 1, sizes: (Int, Int)? = nil, deployment: Deployment = deployment()
  ) throws {
    var random = SplitMix64(seed: seed)
    var time = 0.0
    var records = (0..<requests).map { index in
      let record = RequestRecord(
        id: "r\(index)", arrival: Nanoseconds(rounding: time),
        inputTokens: sizes?.0 ?? 20 + Int(random.next() % 300),
        outputTokens: sizes?.1 ?? 4 + Int(random.next() % 50))
      if let gap { time += gap * 2 * random.unit() } else { time += 2e10 }
      return record
    }
    let steps = VaryingSteps(
      base: ParameterizedSteps(Self.kernels, truth), variation: variation, seed: seed)
    let result = try Simulation(deployment: deployment, pricings: [steps])
      .run(RequestTable(records))
    for (index, outcome) in result.outcomes.enumerated() where outcome.status == .finished {
      records[index].measured = MeasuredTimes(
        scheduled: outcome.queueTime, firstToken: outcome.timeToFirstToken,
        lastToken: outcome.endToEnd)
    }
    self.records = records
    self.deployment = deployment
  }

  /// The log as a calibration sees it, which knows the kernels.
  func measured(fitCount: Int? = nil) throws -> MeasuredLog<MadeKernels> {
    try MeasuredLog(
      records, RequestTable(records), on: deployment, pricing: Self.kernels, fitCount: fitCount)
  }
}
