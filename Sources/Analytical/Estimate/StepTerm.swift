internal import Operators

/// One operator of a step, compiled: its work as a function of the step's sizes, and its rates.
///
/// Work that grows in proportion to a size is two numbers; only attention and experts do not.
struct StepTerm: Sendable {
  /// How the work follows from a step.
  enum Work: Sendable {
    /// A fixed part, and a part for each of the sizes that ``OperatorUse/Growth`` names.
    case affine(fixed: OperatorWork, perToken: OperatorWork, perSequence: OperatorWork)
    /// The same for each sequence that samples.
    case sampled(fixed: OperatorWork, each: OperatorWork)
    /// The same for each sequence that decodes.
    case decodes(each: OperatorWork)
    /// The same for each token in prefill.
    case prefill(each: OperatorWork)
    /// Attention, of a window or all keys.
    case attention(AttentionCost, window: Double?, isCausal: Bool)
    /// Experts: as in proportion, but for the weights that are touched.
    case experts(perToken: OperatorWork, weightBytes: Double, ExpertNetwork, groups: Double)
  }

  var work: Work
  var count: Double
  /// Nanoseconds a floating-point operation and a byte, at what kernels reach.
  var perFlop = 0.0
  var perByte = 0.0
  /// The same at the data sheet's rates.
  var lightPerFlop = 0.0
  var lightPerByte = 0.0
  var latency = 0.0
  var collective: CollectiveCost?

  /// Adds this operator's part of a step.
  @inline(__always)
  func add(_ shape: StepSizes, _ efficiencies: Efficiencies, to step: inout StepEstimate) {
    let work = work(in: shape)
    if let collective {
      guard work.linkBytes > 0 else { return }
      step.communication += count * collective.time(work.linkBytes)
      step.linkBytes += count * work.linkBytes
      return
    }
    guard work.flops + work.bytes > 0 else { return }
    let (compute, memory) = (work.flops * perFlop, work.bytes * perByte)
    let busy: Double
    if efficiencies.overlapsFully {
      busy = max(compute, memory)
      if compute > memory { step.compute += count * busy } else { step.memory += count * busy }
    } else {
      busy = (compute * compute + memory * memory).squareRoot()
      let share = compute * compute / busy
      step.compute += count * share
      step.memory += count * (busy - share)
    }
    let dispatch =
      shape.isGraph ? efficiencies.decodeDispatch : efficiencies.prefillDispatch
    step.latency += count * max(latency, dispatch - busy)
    step.flops += count * work.flops
    step.bytes += count * work.bytes
    step.speedOfLight += count * max(work.flops * lightPerFlop, work.bytes * lightPerByte)
  }

  /// The work in a step; of collectives ``OperatorWork/linkBytes`` are the bytes as they count them.
  @inline(__always)
  func work(in shape: StepSizes) -> OperatorWork {
    switch work {
    case .affine(let fixed, let perToken, let perSequence):
      guard shape.tokens > 0 else { return OperatorWork() }
      return fixed + perToken * shape.tokens + perSequence * shape.sequences
    case .sampled(let fixed, let each):
      return shape.sampled > 0 ? fixed + each * shape.sampled : OperatorWork()
    case .decodes(let each): return each * shape.decodes
    case .prefill(let each): return each * shape.prefillTokens
    case .attention(let cost, let window, let isCausal):
      return cost.work(AttentionLoad(shape.shape, window: window, isCausal: isCausal))
    case .experts(let perToken, let weightBytes, let network, let groups):
      guard shape.tokens > 0 else { return OperatorWork() }
      var work = perToken * shape.tokens
      work.bytes += weightBytes * network.touched(byTokens: shape.tokens * groups)
      return work
    }
  }
}

/// A step's sizes as real numbers.
struct StepSizes {
  var tokens: Double
  var sequences: Double
  var sampled: Double
  var decodes: Double
  var prefillTokens: Double
  /// Whether an engine replays the step as a graph.
  var isGraph: Bool
  var shape: StepShape

  init(_ shape: StepShape) {
    tokens = Double(shape.tokens)
    sequences = Double(shape.prefillSequences + shape.decodeSequences)
    sampled = Double(shape.sampledSequences)
    decodes = Double(shape.decodeSequences)
    prefillTokens = Double(shape.prefillTokens)
    isGraph = shape.prefillTokens == 0
    self.shape = shape
  }
}

extension OperatorWork {
  /// The sum of two works.
  @inline(__always)
  static func + (left: Self, right: Self) -> Self {
    OperatorWork(
      flops: left.flops + right.flops, bytes: left.bytes + right.bytes,
      linkBytes: left.linkBytes + right.linkBytes)
  }

  /// The work left when another is taken away.
  static func - (left: Self, right: Self) -> Self { left + right * -1 }

  /// The same work `count` times.
  @inline(__always)
  static func * (work: Self, count: Double) -> Self {
    OperatorWork(
      flops: work.flops * count, bytes: work.bytes * count, linkBytes: work.linkBytes * count)
  }
}
