internal import Operators

/// How much of a data sheet's rates real kernels reach, and what each costs besides.
///
/// One set for every device. An operator takes its latency, and then its arithmetic and its memory
/// traffic, each at a part of the peak and for the most part at the same time. The defaults are the medians over public
/// operator tables of seven GPUs, which `tools/fit-efficiencies` prints; no latency of a whole model
/// was looked at. `docs/ACCURACY.md` holds them against such.
public struct Efficiencies: Hashable, Sendable {
  /// What a family of kernels reaches.
  public struct Kernel: Hashable, Sendable {
    /// Part of the peak arithmetic rate.
    public var compute: Double
    /// Part of the peak memory bandwidth.
    public var memory: Double
    /// Nanoseconds of one kernel besides: launch, ramp and drain.
    public var latency: Double

    /// Creates a kernel's figures.
    public init(compute: Double, memory: Double, latency: Double) {
      self.compute = compute
      self.memory = memory
      self.latency = latency
    }
  }

  /// Matrix products, experts' included.
  public var product = Kernel(compute: 0.78, memory: 0.86, latency: 3800)
  /// Attention of any kind.
  public var attention = Kernel(compute: 0.53, memory: 0.8, latency: 12_800)
  /// Everything else on a device. Its small results are found in caches, so that it comes faster
  /// than the memory's peak; the peak stands.
  public var other = Kernel(compute: 0.5, memory: 1, latency: 1900)
  /// Part of a link's bandwidth that collectives reach.
  public var link = 0.71
  /// Nanoseconds of one collective besides its hops.
  public var collectiveLatency = 8600.0
  /// The least nanoseconds between the starts of two kernels of a step with prefill: what the host
  /// takes to launch one. Eager traces of H100 and MI300 show 16 to 19 µs between launches (median),
  /// the profiler's own time in them.
  public var prefillDispatch = 10_000.0
  /// The same in steps of decodes alone, which serving engines replay as graphs: nothing.
  public var decodeDispatch = 0.0
  /// Whether arithmetic and memory traffic overlap wholly, so that the longer one counts, as in the
  /// roofline. Real kernels overlap less: the root of the sum of squares errs by 11 % on those
  /// tables' products where the longer alone errs by 14 %, and is unbiased where both matter.
  public var overlapsFully = false
  /// How much more the busiest device's experts get than their even share; 1 for an even share.
  public var expertImbalance = 1.0
  /// Part of the power that a device takes while idle, where its sheet does not say.
  public var idlePower = 0.2

  /// The defaults.
  public init() {}

  /// Decodes launched kernel by kernel, too.
  public static let eager: Efficiencies = {
    var eager = Efficiencies()
    eager.decodeDispatch = eager.prefillDispatch
    return eager
  }()

  /// The data sheet's rates and nothing besides: the speed of light.
  public static let ideal: Efficiencies = {
    var ideal = Efficiencies()
    let kernel = Kernel(compute: 1, memory: 1, latency: 0)
    ideal.product = kernel
    ideal.attention = kernel
    ideal.other = kernel
    ideal.link = 1
    ideal.collectiveLatency = 0
    ideal.prefillDispatch = 0
    ideal.overlapsFully = true
    return ideal
  }()

  /// The figures of a kind of operator, and whether devices have units of their own for it.
  func kernel(_ kind: OperatorKind) -> (kernel: Kernel, hasUnits: Bool) {
    switch kind {
    case .gemm, .moe: (product, true)
    case .attention, .latentAttention, .bidirectionalAttention: (attention, true)
    default: (other, false)
    }
  }
}
