/// What a request's time went into: a pool, and what it did there.
public enum BlamePart: Int, Sendable, Hashable, CaseIterable {
  /// Bytes on their way to an engine of the pool.
  case transfer
  /// Waiting on an engine of the pool, or for one.
  case queue
  /// Service; of a language model until its first token.
  case service
  /// Tokens after the first.
  case decode

  /// The word in reports.
  public var word: String {
    switch self {
    case .transfer: "transfer to"
    case .queue: "queue at"
    case .service: "service of"
    case .decode: "decode on"
    }
  }
}

/// Whom requests waited for on their critical paths, by how long they took.
///
/// A path is walked from a request's end (or its first token) back to its beginning: of the stages before
/// one, that which ended last is what it waited for. So the parts of one request add up to its whole latency.
/// Sums are kept by latency, in steps of 1/16 of an octave: what the slowest hundredth waited for is told
/// without keeping any request, to that accuracy of who belongs to it.
public struct BlameTable: Sendable, Hashable {
  /// Steps of an octave.
  static let steps = 16

  private let width: Int
  private var counts: [Int] = []
  private var sums: [Double] = []

  /// A table of nobody, for so many pools.
  init(pools: Int) { width = pools * BlamePart.allCases.count }

  /// Adds a request that took so long, with what went into it by pool and part.
  mutating func add(_ latency: Int64, _ parts: [Double]) {
    let bucket = Self.bucket(latency)
    if bucket >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count))
      sums.append(contentsOf: repeatElement(0, count: counts.count * width - sums.count))
    }
    counts[bucket] += 1
    for (place, part) in parts.enumerated() { sums[bucket * width + place] += part }
  }

  /// All latencies together, in nanoseconds.
  var total: Double { sums.reduce(0, +) }

  /// The shares of the time of the slowest requests: those from the quantile on, 0 for all. Largest first;
  /// none where there are no requests.
  public func shares(slowestFrom quantile: Double) -> [(pool: Int, part: BlamePart, share: Double)]
  {
    let total = counts.reduce(0, +)
    guard total > 0 else { return [] }
    let wanted = max(1, Int((Double(total) * (1 - min(1, max(0, quantile)))).rounded()))
    var (found, bucket) = (0, counts.count)
    var parts = Array(repeating: 0.0, count: width)
    while bucket > 0, found < wanted {
      bucket -= 1
      guard counts[bucket] > 0 else { continue }
      // Of the last bucket as many as are wanted, at its mean.
      let share = min(1, Double(wanted - found) / Double(counts[bucket]))
      for place in 0..<width { parts[place] += share * sums[bucket * width + place] }
      found += counts[bucket]
    }
    let whole = parts.reduce(0, +)
    guard whole > 0 else { return [] }
    let kinds = BlamePart.allCases
    var shares: [(pool: Int, part: BlamePart, share: Double)] = []
    for (place, value) in parts.enumerated() where value > 0 {
      shares.append((place / kinds.count, kinds[place % kinds.count], value / whole))
    }
    return shares.sorted {
      ($0.share, $1.pool, $1.part.rawValue) > ($1.share, $0.pool, $0.part.rawValue)
    }
  }

  private static func bucket(_ latency: Int64) -> Int {
    let value = Double(max(1, latency))
    let octave = Int(value.exponent)
    return octave * steps + min(steps - 1, Int((value.significand - 1) * Double(steps)))
  }
}
