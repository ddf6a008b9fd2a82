import Operators
import Replay
import TraceIO
import Validation

/// A sentence of a page's verdict.
struct VerdictLine {
  /// How it is to be taken; names are classes of the page's style.
  enum Tone: String {
    case good, bad, doubt, plain
  }

  var tone: Tone
  /// One to three words that say it all.
  var head: String
  var sentence: String
}

extension ReportedRun {
  /// What a reader wants to know first: is the objective met, is it saturated, how sure is all this.
  var verdict: [VerdictLine] { [objectiveLine, saturationLine] + sureness + causes }

  /// Requests a second that keep the objective; nil without any.
  var goodput: (rate: Double, share: Double)? {
    if !objectives.isEmpty {
      let seconds = result.summary.makespan.seconds
      return (
        seconds > 0 ? Double(digest.good) / seconds : 0,
        Double(digest.good) / Double(max(1, digest.requests))
      )
    }
    guard case .pipeline(let file) = result, let own = file.summary.objectives else { return nil }
    return (own.goodput, own.attainment)
  }

  private var objectiveLine: VerdictLine {
    if case .pipeline(let file) = result, objectives.isEmpty, file.summary.objectives != nil {
      let holds = file.summary.objectives?.holds == true
      return VerdictLine(
        tone: holds ? .good : .bad, head: holds ? "SLO met:" : "SLO broken:",
        sentence: file.summary.objective.sentence + ".")
    }
    let limits: [(LatencyMetric, Nanoseconds?)] = [
      (.timeToFirstToken, objectives.timeToFirstToken),
      (.timePerOutputToken, objectives.timePerOutputToken),
    ]
    let name = "p" + percentileText(objectives.quantile)
    var held: [String] = []
    var broken: [String] = []
    var unjudged: [String] = []
    for (metric, limit) in limits {
      guard let limit else { continue }
      let value = quantile(objectives.quantile, metric)
      guard value != nil || digest.unfinished > 0 else {
        unjudged.append("no request has any \(metric.title)")
        continue
      }
      let words =
        "\(name) \(metric.title) "
        + (value.map { millisecondsText($0) + " ms" } ?? "is of requests that did not finish")
        + ", limit \(millisecondsText(limit)) ms"
      if let value, value <= limit { held.append(words) } else { broken.append(words) }
    }
    guard let goodput, !objectives.isEmpty else {
      return VerdictLine(
        tone: .plain, head: "No SLO.",
        sentence: "None was given (--ttft-ms, --tpot-ms): there is nothing to meet or miss.")
    }
    guard !held.isEmpty || !broken.isEmpty else {
      return VerdictLine(
        tone: .plain, head: "SLO not judged:", sentence: unjudged.joined(separator: "; ") + ".")
    }
    held += unjudged
    let rest =
      "goodput \(fixedText(goodput.rate, decimals: 2)) requests/s, \(percent(goodput.share)) of all."
    return broken.isEmpty
      ? VerdictLine(
        tone: .good, head: "SLO met:", sentence: held.joined(separator: "; ") + "; " + rest)
      : VerdictLine(
        tone: .bad, head: "SLO broken:",
        sentence: (broken + held).joined(separator: "; ") + "; " + rest)
  }

  /// A quantile of the replayed latencies: the result's own where it has it, and all finished.
  ///
  /// Requests that did not are later than all others; nil where it is theirs.
  private func quantile(_ quantile: Double, _ metric: LatencyMetric) -> Nanoseconds? {
    if digest.unfinished == 0,
      let statistic = LatencyStatistic.allCases.first(where: { $0.quantile == quantile })
    {
      return result.summary.statistics(metric)?[statistic]
    }
    return digest.quantile(quantile, ofAll: metric)
  }

  private var saturationLine: VerdictLine {
    let saturation = self.saturation
    let peak = saturation.peakWaiting.map {
      $0 >= 0.05 ? " At most \(fixedText($0, decimals: 1)) requests waited at once." : ""
    }
    switch saturation.state {
    case .stopped:
      return VerdictLine(
        tone: .doubt, head: "Stopped.",
        sentence: "The replay was stopped before its end, with "
          + groupedCount(digest.unfinished, "request", "requests")
          + " left: whether engines keep up cannot be told." + (peak ?? ""))
    case .unknown:
      return VerdictLine(
        tone: .plain, head: "Load unknown.",
        sentence:
          "\(groupedCount(digest.requests, "request is", "requests are")) too few to tell whether engines keep up."
      )
    case .atOnce:
      return VerdictLine(
        tone: .plain, head: "All at once.",
        sentence:
          "All requests come before any has ended: there is no rate that engines could keep up with."
          + (peak ?? ""))
    case .abandoned(let share):
      return VerdictLine(
        tone: .bad, head: "Given up.",
        sentence:
          "Towards the end clients give up \(percent(share)) of their requests: what engines could keep up with "
          + "cannot be told." + (peak ?? ""))
    case .overloaded(let arriving, let served):
      return VerdictLine(
        tone: .bad, head: "Saturated.",
        sentence: "Towards the end \(fixedText(arriving, decimals: 2)) requests/s come and "
          + "\(fixedText(served, decimals: 2)) end: queues grow as long as the run lasts."
          + (peak ?? ""))
    case .queueing(let share):
      return VerdictLine(
        tone: .doubt, head: "Busy.",
        sentence: "Engines keep up, but \(percent(share)) of the time to "
          + (result.summary.timeToFirstToken == nil ? "the end" : "first token") + " is waiting."
          + (peak ?? ""))
    case .keepsUp:
      return VerdictLine(
        tone: .good, head: "Keeps up.",
        sentence: "Requests end as fast as they come." + (peak ?? ""))
    }
  }

  private var sureness: [VerdictLine] {
    var lines: [VerdictLine] = []
    if let validation = result.validation {
      for metric in validation.metrics where metric.verdict != .unknown {
        lines.append(
          VerdictLine(
            tone: metric.verdict == .close ? .good : metric.verdict == .fair ? .doubt : .bad,
            head: "\(metric.metric.title) against measured:",
            sentence: metric.verdictSentence))
      }
    }
    if let shares = result.timeShares {
      let tone: VerdictLine.Tone =
        shares.measurementShare > 0.9 ? .good : shares.measurementShare > 0.5 ? .doubt : .bad
      lines.append(VerdictLine(tone: tone, head: "Evidence.", sentence: shares.sentence))
    }
    return lines
  }

  private var causes: [VerdictLine] {
    guard case .pipeline(let file) = result else { return [] }
    return file.summary.verdict.dropFirst().map { sentence in
      VerdictLine(tone: .plain, head: "", sentence: sentence + ".")
    }
  }
}

extension ReportedRun {
  /// The verdict as lines for a terminal.
  public var verdictText: [String] {
    verdict.map { printableText($0.head.isEmpty ? $0.sentence : $0.head + " " + $0.sentence) }
  }
}
