import Operators

/// How long batches of searches of an index take on a processor or device.
///
/// On processors it is a sum over parts of a search, each with a coefficient that was measured: cores work on
/// slices of a batch, and together are no faster than memory delivers what they touch. On devices
/// without measurements it is the roofline of each phase: arithmetic and traffic overlap, so that the
/// longer counts, not their sum.
///
///     let law = VectorSearchLaw(index, pace: .core(coefficients), memoryBandwidth: 40e9)
///     law.latency(batch: 16, probes: 32, k: 10, threads: 8)   // seconds
///     law.trafficBytes(batch: 16, probes: 32, k: 10)
public struct VectorSearchLaw: Hashable, Sendable {
  /// How fast phases run.
  public enum Pace: Hashable, Sendable {
    /// Seconds a unit of each part on one core.
    case core(VectorSearchCoefficients)
    /// FLOP/s of a whole device, whose bandwidth is ``VectorSearchLaw/memoryBandwidth``.
    case roofline(flops: Double)
  }

  /// What is searched.
  public var index: VectorIndex
  /// How fast.
  public var pace: Pace
  /// Bytes/s of the memory that cores share; infinite where it is never what limits.
  public var memoryBandwidth: Double
  /// Bytes of caches that all cores share: the part of the index that they hold is not read from memory.
  public var cacheBytes = 0.0
  /// Seconds that a phase with any work takes at the least on a device, whose kernels are launched phase by phase;
  /// 0, as processors have it, for none.
  public var launchFloor = 0.0

  /// Creates a law.
  public init(_ index: VectorIndex, pace: Pace, memoryBandwidth: Double) {
    self.index = index
    self.pace = pace
    self.memoryBandwidth = memoryBandwidth
  }

  /// The roofline of a device, from its data sheet.
  ///
  /// Products are in the type of the tables. No launches and no efficiency below one: a bound that real
  /// searches do not reach.
  public init(_ index: VectorIndex, on device: Device) {
    self.init(
      index, pace: .roofline(flops: device.peakFlops(index.tableType)),
      memoryBandwidth: device.memoryBandwidth)
  }

  /// Seconds that one core works for a batch, were memory never to wait for; of a roofline those of the
  /// device's arithmetic.
  ///
  /// - Parameters:
  ///   - batch: queries; fewer than one take no time.
  ///   - probes: lists searched a query; a graph takes its efSearch instead.
  ///   - k: results a query.
  public func coreSeconds(batch: Int, probes: Int, k: Int) -> Double {
    switch pace {
    case .core(let coefficients):
      coefficients.seconds(index.amounts(batch: batch, probes: probes, k: k))
    case .roofline(let flops):
      index.work(batch: batch, probes: probes, k: k).total.flops / flops
    }
  }

  /// Bytes that a batch reads from memory: what it touches, less the part that the caches hold.
  public func trafficBytes(batch: Int, probes: Int, k: Int) -> Double {
    index.work(batch: batch, probes: probes, k: k).total.bytes * uncached
  }

  /// Seconds from a batch's arrival to its results, with the machine otherwise idle.
  ///
  /// A query is searched by one thread: the batch is cut into as many equal slices as there are
  /// threads, at most one a query, and the longest slice counts.
  public func latency(batch: Int, probes: Int, k: Int, threads: Int) -> Double {
    guard batch > 0 else { return 0 }
    switch pace {
    case .core:
      let slices = min(max(1, threads), batch)
      let slice = (batch - 1) / slices + 1
      let traffic = trafficBytes(batch: batch, probes: probes, k: k)
      return max(coreSeconds(batch: slice, probes: probes, k: k), traffic / memoryBandwidth)
    case .roofline(let flops):
      return index.work(batch: batch, probes: probes, k: k).phases.reduce(0) { sum, phase in
        guard phase.flops > 0 || phase.bytes > 0 else { return sum }
        return sum
          + max(launchFloor, phase.flops / flops, phase.bytes * uncached / memoryBandwidth)
      }
    }
  }

  /// The part of the index that the caches do not hold.
  private var uncached: Double {
    let total = index.memory.total
    return total > 0 ? max(0, 1 - cacheBytes / total) : 1
  }
}
