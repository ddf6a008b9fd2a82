import Replay

/// A replay of a log compared with what the log measured, request by request.
///
/// ```swift
/// let validation = try Validation(
///   measured: log.compactMap(RequestLatencies.init), replayed: replayed, roofline: roofline)
/// print(validation.verdicts.joined(separator: "\n"))
/// ```
///
/// Errors are taken between the two latencies of one request and never between sorted lists, which
/// would call a replay right that gives every request another's latency. Every column is over the
/// same requests: those that all sides have; one whose log tells its end alone is compared by that. The roofline side is a second replay of the same log
/// whose steps are priced by theory alone: what a user would get without any measurement.
public struct Validation: Sendable, Hashable, Codable {
  /// How requests of the sides find each other.
  public enum Pairing: String, Sendable, Hashable, Codable {
    /// By the log's name, which must be unique on each side.
    case id
    /// By position; the sides must be equally long.
    case order
  }

  /// How many requests were compared, and why others were not.
  public struct Counts: Sendable, Hashable, Codable {
    /// Requests that the log measured.
    public var measured = 0
    /// Requests that every side has.
    public var paired = 0
    /// Measured requests that the replay did not finish.
    public var missingFromReplay = 0
    /// Replayed requests that the log did not measure.
    public var missingFromMeasured = 0
    /// Requests that only the roofline's replay did not finish.
    public var missingFromRoofline = 0
    /// Measured requests that the caller left out, such as a server's warm-up.
    public var excluded = 0

    private enum CodingKeys: String, CodingKey {
      case measured, paired, excluded
      case missingFromReplay = "missing_from_replay"
      case missingFromMeasured = "missing_from_measured"
      case missingFromRoofline = "missing_from_roofline"
    }
  }

  /// How the sides were paired.
  public var pairing: Pairing
  /// How percentiles were taken: see ``LatencyStatistics``.
  public var percentileMethod: String
  /// What was compared and what was not.
  public var counts: Counts
  /// One comparison a metric, in the order of ``LatencyMetric``.
  public var metrics: [MetricComparison]
  /// What the replay's simulated time rests on, if its caller knows.
  public var timeShares: TimeShares?

  /// Compares a replay with a measured log.
  ///
  /// - Parameters:
  ///   - measured: what the log measured; nil where it measured nothing.
  ///   - replayed: what the replay predicts; nil where it did not finish.
  ///   - roofline: the same of a second replay priced by the roofline, if there is one.
  ///   - pairing: how to find partners.
  ///   - excluded: names of requests to leave out.
  ///   - timeShares: passed through.
  /// - Complexity: O(n log n).
  public init(
    measured: [RequestLatencies?], replayed: [RequestLatencies?],
    roofline: [RequestLatencies?]? = nil, pairing: Pairing = .id,
    excluding excluded: Set<String> = [],
    timeShares: TimeShares? = nil
  ) throws(ValidationError) {
    let replayedPartners = try partners(of: measured, in: replayed, "replayed", pairing)
    let rooflinePartners: [RequestLatencies?]? =
      if let roofline { try partners(of: measured, in: roofline, "roofline", pairing) } else { nil }

    var counts = Counts()
    var triples: [(RequestLatencies, RequestLatencies, RequestLatencies?)] = []
    var partnersFound = 0
    for (index, measured) in measured.enumerated() {
      if replayedPartners[index] != nil, measured != nil { partnersFound += 1 }
      guard let measured else { continue }
      counts.measured += 1
      if excluded.contains(measured.id) {
        counts.excluded += 1
      } else if let replayed = replayedPartners[index] {
        let roofline = rooflinePartners?[index]
        if rooflinePartners != nil, roofline == nil {
          counts.missingFromRoofline += 1
        } else {
          triples.append((measured, replayed, roofline))
        }
      } else {
        counts.missingFromReplay += 1
      }
    }
    counts.paired = triples.count
    counts.missingFromMeasured = replayed.count { $0 != nil } - partnersFound

    self.pairing = pairing
    self.percentileMethod = LatencyStatistics.percentileMethod
    self.counts = counts
    self.timeShares = timeShares
    metrics = LatencyMetric.allCases.map { metric in
      MetricComparison(
        metric,
        triples.compactMap { measured, replayed, roofline in
          guard let left = measured[metric], let right = replayed[metric] else { return nil }
          return (left, right, roofline?[metric])
        })
    }
  }

  /// The comparison of one metric.
  public subscript(metric: LatencyMetric) -> MetricComparison? {
    metrics.first { $0.metric == metric }
  }

  /// Mean of the sizes of all differences between replayed and measured statistics, in percent; nil
  /// where nothing compares.
  public var meanFigureError: Double? {
    let errors = metrics.flatMap(\.rows).compactMap(\.differencePercent).map(abs)
    return errors.isEmpty ? nil : errors.reduce(0, +) / Double(errors.count)
  }

  private enum CodingKeys: String, CodingKey {
    case pairing, counts, metrics
    case percentileMethod = "percentile_method"
    case timeShares = "simulated_time"
  }
}

/// For each measured request its partner on another side, or nil.
private func partners(
  of measured: [RequestLatencies?], in other: [RequestLatencies?], _ side: String,
  _ pairing: Validation.Pairing
) throws(ValidationError) -> [RequestLatencies?] {
  switch pairing {
  case .order:
    guard other.count == measured.count else {
      throw .unequalCounts(side: side, count: other.count, measured: measured.count)
    }
    return other
  case .id:
    var byID: [String: RequestLatencies] = [:]
    for case let request? in other
    where byID.updateValue(request, forKey: request.id) != nil {
      throw .duplicateID(id: request.id, side: side)
    }
    var seen: Set<String> = []
    for case let request? in measured where !seen.insert(request.id).inserted {
      throw .duplicateID(id: request.id, side: "measured")
    }
    return measured.map { $0.flatMap { byID[$0.id] } }
  }
}
