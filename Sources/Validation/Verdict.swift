import Replay

/// How far a replay of a metric may be trusted, in a word. Raw values are the names in files.
///
/// The mean, every percentile and the median error of single requests all count, so that neither a
/// right mean of wrong requests nor a right body with a wrong tail passes as close.
public enum Verdict: String, Codable, Sendable, Hashable {
  /// Mean within 5 %, every percentile and the median request within 10 %.
  case close
  /// Mean within 15 %, every percentile and the median request within 25 %.
  case fair
  /// Anything worse.
  case poor
  /// There was nothing to compare.
  case unknown
}

extension MetricComparison {
  /// The replay's verdict.
  public var verdict: Verdict {
    guard let mean = self[.mean]?.differencePercent, let error = replayError else {
      return .unknown
    }
    let percentiles = rows.compactMap(\.differencePercent).map(abs).max() ?? 0
    let rest = max(percentiles, error.medianAbsolutePercent)
    if abs(mean) <= 5, rest <= 10 { return .close }
    return abs(mean) <= 15 && rest <= 25 ? .fair : .poor
  }

  /// The verdict in a line: the metric, and ``verdictSentence``.
  public var verdictLine: String { "\(metric.title): \(verdictSentence)" }

  /// The verdict's word, the differences behind it, and the roofline's.
  public var verdictSentence: String {
    guard let mean = self[.mean]?.differencePercent, let p99 = self[.p99]?.differencePercent,
      let error = replayError
    else { return "unknown, no request has it on every side." }
    func percent(_ value: Double) -> String { fixedText(value, decimals: 1, signed: true) + " %" }
    var line =
      "\(verdict.rawValue). Mean \(percent(mean)), p99 \(percent(p99)); "
      + "a request is off by \(fixedText(error.meanAbsolutePercent, decimals: 1)) % on average, "
      + "\(fixedText(error.medianAbsolutePercent, decimals: 1)) % in the median, "
      + "with a bias of \(percent(error.biasPercent)) (n = \(count))."
    if let roofline = self[.mean]?.rooflineDifferencePercent {
      line += " The roofline alone misses the mean by \(percent(roofline))."
    }
    return line
  }
}

extension Validation {
  /// One plain line a metric; then, if known, what the simulated time rests on.
  public var verdicts: [String] {
    metrics.map(\.verdictLine) + (timeShares.map { [$0.sentence] } ?? [])
  }
}
