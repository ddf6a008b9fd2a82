import OperatorStore
import Operators
import ProfilerTraces
import TraceIO

extension ImportedTrace {
  /// The members of a trace in an ``InspectionFile``.
  func document(
    device: String?, outcome: OperatorStore.ImportOutcome?
  ) -> [String: ResultValue] {
    var members: [String: ResultValue] = [
      "path": .text(path), "format": .text(format.rawValue),
      "inputs": .list(inputs.map(\.document)),
      "facts": .object(facts.mapValues { .text($0) }),
      "records_read": .integer(coverage.recordsRead),
      "records_used": .integer(coverage.recordsUsed),
      "attribution": .list(attribution), "not_used": .list(notUsed),
      "kernels": .list(
        kernelTimes.map { identity, tally in
          .object([
            "class": .text(identity.class?.rawValue ?? ""), "library": .text(identity.library),
            "launches": .integer(tally.count), "time_ns": .integer(Int(tally.nanoseconds)),
          ])
        }),
      "notes": .list(coverage.notes.map { .text($0) }),
      "warnings": .list(warnings.map { .text($0) }),
      "advice": .list(advice(device: device).map { .text($0) }),
    ]
    if !part.isEmpty { members["part"] = .text(part) }
    if let device { members["device"] = .text(device) }
    if let framework = runtime.framework { members["framework"] = .text(framework) }
    if let version = runtime.version { members["framework_version"] = .text(version) }
    if let events = coverage.events {
      members["span_ns"] = .integer(Int(events.span))
      members["resolution_ns"] = .integer(Int(events.resolution))
    }
    var counts = (samples: samples.count, curves: curveCount, steps: stepCount)
    switch outcome {
    case nil: break
    case .added(let samples, let curves, let steps):
      counts = (samples, curves, steps)
      members["outcome"] = "added"
    case .replaced(let samples, let curves, let steps):
      counts = (samples, curves, steps)
      members["outcome"] = "replaced"
    case .unchanged:
      counts = (0, 0, 0)
      members["outcome"] = "unchanged"
    }
    members["samples"] = .integer(counts.samples)
    members["curves"] = .integer(counts.curves)
    members["steps"] = .integer(counts.steps)
    return members
  }

  private var attribution: [ResultValue] {
    AttributionRule.allCases.filter { coverage[$0] != Tally() }.map { rule in
      .object([
        "rule": .text(rule.label), "used": .flag(rule.isUsed),
        "events": .integer(coverage[rule].count),
        "time_ns": .integer(Int(coverage[rule].nanoseconds)),
      ])
    }
  }

  private var notUsed: [ResultValue] {
    RejectionReason.allCases.filter { coverage.rejected($0) > 0 }.map { reason in
      .object([
        "reason": .text(reason.rawValue), "records": .integer(coverage.rejected(reason)),
      ])
    }
  }
}

extension InputSummary {
  /// A file that was read.
  fileprivate var document: ResultValue {
    .object([
      "path": .text(path), "sha256": .text(sha256), "compression": .text(compression.rawValue),
      "stored_bytes": .integer(storedBytes), "text_bytes": .integer(textBytes),
    ])
  }
}
