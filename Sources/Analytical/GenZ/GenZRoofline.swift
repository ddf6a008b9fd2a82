/// GenZ's price of an operator: the longest of arithmetic, memory and communication.
///
/// Operations and their order are GenZ's, so that results agree to the last digits.
struct GenZRoofline: Hashable, Sendable {
  /// Bandwidth of on-chip memory that GenZ gives to every system, in 2³⁰ bytes a second.
  static let onChipBandwidth = 18000.0

  private let macsPerSecond: Double
  private let bytesPerSecond: Double
  private let onChipBytesPerSecond: Double
  private let linkBytesPerSecond: Double
  /// Seconds.
  private let linkLatency: Double
  private let efficiency: Double
  private let computeMultiplier: Double
  private let memoryMultiplier: Double

  /// Creates the prices of a system.
  ///
  /// - Parameter efficiency: divides arithmetic and memory times, never communication.
  init(_ system: GenZSystem, bits: GenZBits, efficiency: Double) throws(GenZRefusal) {
    let rates = [
      (name: "efficiency", value: efficiency),
      (name: "peak rate", value: system.teraflops),
      (name: "memory bandwidth", value: system.memoryBandwidth),
      (name: "link bandwidth", value: system.linkBandwidth),
    ]
    for rate in rates where !(rate.value > 0 && rate.value.isFinite) {
      throw .rate(name: rate.name, value: rate.value)
    }
    guard system.linkLatency >= 0, system.linkLatency.isFinite else {
      throw .rate(name: "link latency", value: system.linkLatency)
    }
    let gibibyte = 1_073_741_824.0
    macsPerSecond = system.teraflops * 1e12 / 2
    bytesPerSecond = system.memoryBandwidth * gibibyte
    onChipBytesPerSecond = Self.onChipBandwidth * gibibyte
    linkBytesPerSecond = system.linkBandwidth * gibibyte
    linkLatency = system.linkLatency * 1e-6
    self.efficiency = efficiency
    computeMultiplier = bits.computeMultiplier
    memoryMultiplier = bits.memoryMultiplier
  }

  /// An operator with its price.
  func priced(
    _ name: GenZOperator.Name, _ shape: GenZOperator.Shape, onChip: GenZOperator.OnChip,
    count: Int
  ) -> GenZOperator {
    let work = Work(shape)
    let input = work.input * memoryMultiplier
    let weight = work.weight * memoryMultiplier
    let output = work.output * memoryMultiplier
    let compute = work.macs * computeMultiplier / macsPerSecond / efficiency
    var memory = 0.0
    // Tensors of an operator that computes nothing are held, not read.
    if work.macs > 0 {
      memory =
        input / (onChip.contains(.input) ? onChipBytesPerSecond : bytesPerSecond)
        + weight / bytesPerSecond
        + output / (onChip.contains(.output) ? onChipBytesPerSecond : bytesPerSecond)
      memory /= efficiency
    }
    return GenZOperator(
      name: name, shape: shape, onChip: onChip, count: count, macs: work.macs, inputBytes: input,
      weightBytes: weight, outputBytes: output, computeTime: compute / 1e-3,
      memoryTime: memory / 1e-3, communicationTime: communication(shape) / 1e-3)
  }

  /// Seconds of a collective: a start, a latency a step, and bytes a step over the link.
  private func communication(_ shape: GenZOperator.Shape) -> Double {
    guard case .collective(let kind, let batch, let rows, let width, let ranks) = shape else {
      return 0
    }
    let bytes = Double(batch) * Double(rows) * Double(width) * memoryMultiplier
    guard bytes > 0 else { return 0 }
    let start = 5e-6
    let steps = Double(ranks - 1)
    let perRank = bytes / Double(ranks)
    return switch kind {
    case .allReduce:
      start + 2 * steps * linkLatency + 2 * steps * perRank / linkBytesPerSecond
    case .allGather, .allToAll:
      start + steps * linkLatency + steps * perRank / linkBytesPerSecond
    case .sendReceive: linkLatency + bytes / linkBytesPerSecond
    }
  }
}

extension GenZRoofline {
  /// Multiply-adds and elements of a shape.
  private struct Work {
    var macs = 0.0
    var input = 0.0
    var weight = 0.0
    var output = 0.0

    init(_ shape: GenZOperator.Shape) {
      // Floating point from the start: exact below 2⁵³, and no size can overflow it.
      switch shape {
      case .matrix(let batch, let rows, let inner, let columns):
        let rows = Double(batch) * Double(rows)
        (input, weight) = (rows * Double(inner), Double(columns) * Double(inner))
        output = rows * Double(columns)
        macs = output * Double(inner)
      case .logit(let batch, let heads, let queries, let keys, let headDim, let kvHeads):
        let rows = Double(batch) * Double(heads) * Double(queries)
        (input, output) = (rows * Double(headDim), rows * Double(keys))
        weight = Double(batch) * Double(kvHeads) * Double(keys) * Double(headDim)
        macs = output * Double(headDim)
      case .attend(let batch, let heads, let queries, let keys, let headDim, let kvHeads):
        let rows = Double(batch) * Double(heads) * Double(queries)
        (input, output) = (rows * Double(keys), rows * Double(headDim))
        weight = Double(batch) * Double(kvHeads) * Double(keys) * Double(headDim)
        macs = input * Double(headDim)
      // GenZ counts no memory traffic for a collective.
      case .collective: break
      }
    }
  }
}
