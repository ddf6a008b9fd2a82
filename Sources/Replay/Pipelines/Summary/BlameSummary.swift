/// What requests' time went into on their critical paths, as shares of all their time.
public struct BlameSummary: Sendable, Hashable, Codable {
  /// One thing that they waited for.
  public struct Share: Sendable, Hashable, Codable {
    /// What was done, or not yet done.
    public var part: BlamePart
    /// The pool where.
    public var pool: String
    /// Its share of the time.
    public var share: Double
  }

  /// Shares below this one are told together.
  public static let least = 0.01
  /// Of which slowest requests there are summaries.
  public static let slowest = [1, 0.1, 0.01]

  /// The latency.
  public var metric: PipelineSummary.Metric
  /// The part of requests that this is of: those with the largest latencies.
  public var slowest: Double
  /// The shares, largest first.
  public var shares: [Share]
  /// What the shares that are too small to be told add up to.
  public var rest: Double

  /// Summaries of a table for each part of ``slowest``; none where it is empty.
  static func of(
    _ table: BlameTable, _ metric: PipelineSummary.Metric, pools: [String]
  ) -> [BlameSummary] {
    Self.slowest.compactMap { part in
      var summary = BlameSummary(metric: metric, slowest: part, shares: [], rest: 0)
      let all = table.shares(slowestFrom: 1 - part)
      guard !all.isEmpty else { return nil }
      for share in all {
        if share.share >= least, pools.indices.contains(share.pool) {
          summary.shares.append(
            Share(part: share.part, pool: pools[share.pool], share: share.share))
        } else {
          summary.rest += share.share
        }
      }
      return summary
    }
  }
}

extension BlamePart: Codable {
  /// The word in files.
  public var name: String {
    switch self {
    case .transfer: "transfer"
    case .queue: "queue"
    case .service: "service"
    case .decode: "decode"
    }
  }

  /// Reads its name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let part = Self.allCases.first(where: { $0.name == name }) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(name)' is no part of a critical path")
    }
    self = part
  }

  /// Writes its name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
