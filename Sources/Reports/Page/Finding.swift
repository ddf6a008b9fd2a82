import CostModel
import Operators
import Replay
import Validation

/// Something that a reader must know before believing a run's figures.
struct Finding {
  /// A short name that never changes.
  var code: String
  /// What it is, in a sentence.
  var sentence: String
  /// What was seen, and from where on it is told; empty where there is no number to tell.
  var observed = ""
  var threshold = ""
  /// How many requests it rests on.
  var count: Int?
}

extension ReportedRun {
  /// What to know before believing this run, the gravest first.
  var findings: [Finding] {
    var findings = incomplete + saturationFindings + doubt + fewRequests
    findings += result.warnings.map { Finding(code: "run-warning", sentence: $0) }
    return findings
  }

  private var incomplete: [Finding] {
    let finished = result.summary.finished
    let all = result.summary.requests
    guard finished < all else { return [] }
    return [
      Finding(
        code: "not-finished",
        sentence:
          "Requests that did not finish have no latency: all percentiles are of the others.",
        observed: percent(Double(all - finished) / Double(all)), threshold: "0 %", count: all)
    ]
  }

  private var saturationFindings: [Finding] {
    guard case .overloaded(let arriving, let served) = saturation.state else { return [] }
    return [
      Finding(
        code: "backlog",
        sentence:
          "Requests come faster than they are served: latencies grow with the length of the run.",
        observed: "\(percent(served / arriving)) served", threshold: "95 %",
        count: digest.requests)
    ]
  }

  private var doubt: [Finding] {
    var findings: [Finding] = []
    if let shares = result.timeShares {
      for (evidence, code, words) in [
        (Evidence.analytical, "roofline-time", "rests on no measurement at all"),
        (.borrowed, "borrowed-time", "is borrowed from another device or operator"),
        (.extrapolated, "extrapolated-time", "lies beyond what was measured"),
      ] where shares.share(of: evidence) > 0.05 {
        findings.append(
          Finding(
            code: code, sentence: "Part of the simulated time \(words).",
            observed: percent(shares.share(of: evidence)), threshold: "5 %"))
      }
      let error = LatencyBands.standardErrors * shares.relativeError
      if error > 0.1 {
        findings.append(
          Finding(
            code: "step-doubt", sentence: "Step times are known only within this (90 %).",
            observed: "±" + percent(error), threshold: "±10 %"))
      }
    }
    for metric in result.bands?.metrics ?? [] {
      guard let band = metric.bands.first(where: { $0.statistic == .p99 }), band.low > .zero else {
        continue
      }
      let ratio = Double(band.high.rawValue) / Double(band.low.rawValue)
      guard ratio > 2 else { continue }
      findings.append(
        Finding(
          code: "wide-band",
          sentence:
            "The doubt of step times moves p99 \(metric.metric.title) by more than a factor "
            + "of two: the engine is near its limit.",
          observed: "× " + fixedText(ratio, decimals: 1), threshold: "× 2"))
    }
    for metric in result.validation?.metrics ?? [] where metric.verdict == .poor {
      findings.append(
        Finding(
          code: "validation-poor",
          sentence: "Replayed and measured \(metric.metric.title) differ too much to decide by.",
          observed: metric[.mean]?.differencePercent.map {
            "mean " + fixedText($0, decimals: 1, signed: true) + " %"
          } ?? "", threshold: "±15 %", count: metric.count))
    }
    if case .replay(let file) = result {
      if file.summary.peakMemoryUse > 0.95 {
        findings.append(
          Finding(
            code: "memory-full", sentence: "Key-value memory was as good as full.",
            observed: percent(file.summary.peakMemoryUse), threshold: "95 %"))
      }
      let preemptions = Double(file.summary.preemptions) / Double(max(1, file.summary.requests))
      if preemptions > 0.01 {
        findings.append(
          Finding(
            code: "preemptions", sentence: "Requests lost their memory and began again.",
            observed: percent(preemptions), threshold: "1 %", count: file.summary.requests))
      }
    }
    return findings
  }

  private var fewRequests: [Finding] {
    let count = digest.finished
    guard count > 0, count < 1000 else { return [] }
    return [
      Finding(
        code: "few-requests",
        // Between the two of its neighbours in order: as many lie at or behind the lower one.
        sentence: "p99 rests on the slowest \(count - 99 * (count - 1) / 100) of so few requests.",
        observed: groupedText(count), threshold: "1,000", count: count)
    ]
  }
}
