internal import Operators

/// What a collective costs on a group of devices: the cheaper of at most two straight lines over
/// its bytes, one for each way of doing it.
///
/// A ring passes a part of the bytes to the next device in each step; a tree passes all of them up
/// and down in fewer steps (Thakur, Rabenseifner and Gropp, 2005). Groups that reach beyond a level
/// do each level's part on its own links (hierarchical all-reduce: reduce-scatter within, all-reduce
/// between, all-gather within).
struct CollectiveCost: Hashable, Sendable {
  /// Nanoseconds whatever the bytes, and nanoseconds a byte.
  struct Line: Hashable, Sendable {
    var latency = 0.0
    var perByte = 0.0

    func time(_ bytes: Double) -> Double { latency + perByte * bytes }

    /// The line of one thing after the other.
    static func + (left: Line, right: Line) -> Line {
      Line(latency: left.latency + right.latency, perByte: left.perByte + right.perByte)
    }
  }

  private var ring = Line()
  private var tree: Line?

  /// The time in nanoseconds for so many bytes, as collectives count them (``OperatorKind/axes``).
  func time(_ bytes: Double) -> Double {
    guard let tree else { return ring.time(bytes) }
    return min(ring.time(bytes), tree.time(bytes))
  }

  /// Finds the ways of a collective.
  ///
  /// - Parameters:
  ///   - kind: which.
  ///   - ranks: devices of the group.
  ///   - stride: how many devices lie from one of the group to the next; 1 for neighbours.
  ///   - platform: what joins them.
  init(
    _ kind: OperatorKind, ranks: Int, stride: Int, on platform: Platform,
    _ efficiencies: Efficiencies
  ) {
    guard ranks > 1 else { return }
    let start = Line(latency: efficiencies.collectiveLatency)
    let parts = Self.parts(ranks: ranks, stride: stride, of: platform)
    var ring = start
    switch kind {
    case .allReduce:
      // Each level works on what the levels within leave to each device.
      var share = 1.0
      for part in parts {
        ring = ring + part.ring(passes: 2, share: share, efficiencies)
        share /= Double(part.ranks)
      }
      // Within one level rings are what libraries run.
      guard parts.count > 1 else { break }
      var tree = start
      for part in parts { tree = tree + part.tree(efficiencies) }
      self.tree = tree
    case .allGather, .reduceScatter:
      // Half of an all-reduce.
      var share = 1.0
      for part in parts {
        ring = ring + part.ring(passes: 1, share: share, efficiencies)
        share /= Double(part.ranks)
      }
    case .allToAll:
      // All levels move at the same time; the slowest decides. Messages to different devices overlap:
      // more than one hop, fewer than one after the other; their geometric mean is a choice.
      var (latency, perByte, within) = (0.0, 0.0, 1.0)
      for part in parts {
        let reached = within * Double(part.ranks)
        let leaving = (reached - within) / Double(ranks)
        latency += part.hop * (Double(part.ranks) - 1).squareRoot()
        perByte = max(perByte, leaving / part.rate(efficiencies))
        within = reached
      }
      ring = ring + Line(latency: latency, perByte: perByte)
    default:
      // One device to the next, across the outermost of the levels between them, until all have
      // passed on what they have.
      guard let part = parts.last else { break }
      ring = Line(
        latency: Double(ranks - 1) * part.hop, perByte: 1 / part.pairRate(efficiencies))
    }
    self.ring = ring
  }

  /// The part of a group that lies within one level.
  private struct Part {
    var ranks: Int
    var level: Platform.Level

    /// Nanoseconds of one hop.
    var hop: Double { level.latency * 1e9 }

    /// Bytes a nanosecond of one device, over the links that lead to others of the group: of a mesh
    /// those to each of them, of a ring or torus cut open half, and between two neighbours one.
    func rate(_ efficiencies: Efficiencies) -> Double {
      let isWhole = ranks >= level.devices
      let part: Double =
        switch level.topology {
        case .switch: 1
        case .mesh: min(1, Double(ranks - 1) / Double(max(1, level.devices - 1)))
        case .ring: isWhole ? 1 : 0.5
        case .torus: isWhole ? 1 : ranks == 2 ? 0.25 : 0.5
        }
      return part * level.bandwidth * efficiencies.link / 1e9
    }

    /// Bytes a nanosecond from one device to one other: the links that lead there.
    func pairRate(_ efficiencies: Efficiencies) -> Double {
      let lanes: Double =
        switch level.topology {
        case .switch: 1
        case .ring: 2
        case .torus: 4
        case .mesh: Double(max(1, level.devices - 1))
        }
      return level.bandwidth * efficiencies.link / 1e9 / lanes
    }

    func ring(passes: Double, share: Double, _ efficiencies: Efficiencies) -> Line {
      let steps = Double(ranks - 1)
      return Line(
        latency: passes * steps * hop,
        perByte: passes * steps / Double(ranks) * share / rate(efficiencies))
    }

    func tree(_ efficiencies: Efficiencies) -> Line {
      // A whole number of rounds: the bit width of ranks - 1.
      let rounds = Double(Int.bitWidth - (ranks - 1).leadingZeroBitCount)
      return Line(latency: 2 * rounds * hop, perByte: 2 / rate(efficiencies))
    }
  }

  /// Splits a group by the levels that it spans, from within.
  private static func parts(ranks: Int, stride: Int, of platform: Platform) -> [Part] {
    var parts: [Part] = []
    var reached = 1
    for (index, level) in platform.levels.enumerated() {
      let isLast = index == platform.levels.count - 1
      let within = isLast ? ranks : min(ranks, max(1, level.devices / max(1, stride)))
      // Only whole inner groups can do their part alone.
      guard within > reached, isLast || ranks % within == 0 else { continue }
      let count = (within + reached - 1) / reached
      if count > 1 { parts.append(Part(ranks: count, level: level)) }
      reached = within
    }
    if parts.isEmpty {
      // Nothing joins the devices: the slowest way there is.
      let level = Platform.Level(
        name: "none", devices: ranks, bandwidth: platform.device.linkBandwidth, latency: 1e-5)
      parts.append(Part(ranks: ranks, level: level))
    }
    return parts
  }
}
