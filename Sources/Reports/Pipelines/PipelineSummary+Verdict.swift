import Operators
public import Replay
import TraceIO
import Validation

extension PipelineSummary {
  /// What a reader wants to know first, a sentence a line: whether the objectives hold, where the time goes,
  /// what is busiest, and what must be known before any of it is believed.
  public var verdict: [String] {
    var lines = [objectiveSentence]
    if isCut {
      lines.append(
        "cut short after \(fixedText(makespan.seconds, decimals: 3)) s of simulated time: "
          + "\(groupedText(unfinished)) requests had not ended, the longest of all among them")
    }
    for metric in [Metric.timeToFirstToken, .endToEnd] {
      if let sentence = blameSentence(metric) { lines.append(sentence) }
    }
    if let sentence = busiestSentence { lines.append(sentence) }
    return lines.map(printableText)
  }

  private var objectiveSentence: String {
    objective.head + ": " + objective.sentence
  }

  /// Whether the objectives hold, in two words, and by how much.
  var objective: (head: String, sentence: String) {
    let lost = requests - finished
    let others = lost > 0 ? "; \(groupedText(lost)) of \(groupedText(requests)) did not finish" : ""
    guard let objectives else {
      return ("SLO", "none is given (slo: in the scenario)" + others)
    }
    let good =
      "goodput \(fixedText(objectives.goodput, decimals: 2)) requests/s, "
      + "\(percent(objectives.attainment)) of all requests" + others
    guard finished > 0 else { return ("SLO broken", "no request finished") }
    if objectives.holds {
      return ("SLO holds", "all \(objectives.checks.count) limits; " + good)
    }
    let broken = objectives.checks.filter { !$0.holds }.map { check in
      let limit = millisecondsText(check.limit) + " ms"
      guard let value = check.value else {
        return "\(check.name) is of requests that did not finish, limit \(limit)"
      }
      return "\(check.name) \(millisecondsText(value)) ms > \(limit)"
    }
    return ("SLO broken", "\(broken.joined(separator: ", ")); " + good)
  }

  /// What the slowest hundredth waited for: the largest shares, four at most.
  private func blameSentence(_ metric: Metric) -> String? {
    let slowest = blame.filter { $0.metric == metric }.min { $0.slowest < $1.slowest }
    guard let slowest else { return nil }
    let shares = slowest.shares.prefix(4).map { share in
      "\(fixedText(100 * share.share, decimals: 0)) % \(share.words)"
    }
    guard !shares.isEmpty else { return nil }
    return "p99 \(metric.title) is " + shares.joined(separator: ", ")
  }

  private var busiestSentence: String? {
    guard let pool = busiestPool, let utilisation = pool.utilisation else { return nil }
    var sentence = "busiest engines: \(pool.name), \(percent(utilisation)) of the time"
    if let link = links.first {
      sentence += "; busiest link: \(link.name), \(percent(link.utilisation)) of its bandwidth"
    }
    return sentence
  }
}

/// A share as a percentage.
func percent(_ share: Double) -> String { fixedText(100 * share, decimals: 1) + " %" }

extension PipelineSummary.Metric {
  /// The word in reports.
  var title: String {
    switch self {
    case .timeToFirstToken: "TTFT"
    case .timePerOutputToken: "TPOT"
    case .endToEnd: "end to end"
    }
  }
}

extension ObjectiveSummary.Check {
  /// What it is about: "p99 TTFT".
  var name: String { "p\(percentileText(quantile)) \(metric.title)" }
}

extension BlameSummary.Share {
  /// What it is about: "queue at prefill".
  var words: String { "\(part.word) \(pool)" }
}
