import OperatorStore
import Operators
public import ProfilerTraces
import TraceIO
import Validation

extension ImportedTrace {
  /// What `reprise inspect` says: what the source is, what it holds, what an import would use, and
  /// what would give more.
  ///
  /// It is the import's own reading; only the database is missing.
  ///
  /// - Parameter device: the name that it would be imported for; nil where nobody gives one.
  /// - Returns: lines that are safe for a terminal.
  public func inspectionReport(device: String?) -> [String] {
    let file = path + (part.isEmpty ? "" : " (\(part))")
    var lines = ["\(printableText(file)): \(format.title)"]
    lines += inputs.map { "  stored    \(storage(of: $0))" }
    if !runtimeText.isEmpty { lines.append("  software  \(runtimeText)") }
    for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
      lines.append(printableText("  says      \(name): \(value)"))
    }
    lines.append(
      "  device    " + printableText(device ?? "not named: an import needs --device NAME"))
    lines.append("  times     \(timesText)")
    lines.append("  holds     \(holdingsText)")
    if let shapes = shapesText { lines.append("  shapes    \(shapes)") }
    lines.append("  an import would add \(contentText(samples.count, curveCount, stepCount)):")
    lines += coverageLines
    lines += kernelTable
    let advice = advice(device: device)
    if !advice.isEmpty {
      lines.append("  to get more:")
      lines += advice.map { "  - \($0)" }
    }
    return lines
  }

  /// The curves that the samples lie on.
  var curveCount: Int { Set(samples.map(\.operator)).count }

  /// The steps that an import would add, measured and annotated.
  var stepCount: Int { measuredSteps.count + steps.count }

  private func storage(of input: InputSummary) -> String {
    let name = inputs.count > 1 ? printableText(input.path) + ": " : ""
    let stored = groupedText(input.storedBytes)
    let text =
      input.compression == .none
      ? "plain, \(stored) bytes"
      : "\(input.compression.rawValue), \(stored) bytes, \(groupedText(input.textBytes)) of text"
    return name + text + "; SHA-256 " + input.sha256.prefix(16) + "…"
  }

  private var timesText: String {
    var text = "in \(format.timeUnit)"
    if let events = coverage.events {
      if events.resolution > 0 { text += ", durations in steps of \(events.resolution) ns" }
      text += ", \(fixedText(Double(events.span) / 1e6, decimals: 3)) ms from first to last"
    }
    return text
  }

  private var holdingsText: String {
    guard let events = coverage.events else {
      return groupedCount(coverage.recordsRead, "record")
    }
    typealias Item = (count: Int, singular: String, plural: String?)
    let counts: [Item] = [
      (events.operators, "operator", nil), (events.launches, "launch", "launches"),
      (events.kernels, "kernel", nil), (events.copies, "copy", "copies"),
      (events.fills, "fill", nil), (events.annotations, "annotation", nil),
    ]
    let places: [Item] = [
      (events.threads, "thread", nil), (events.streams, "stream", nil),
      (events.devices, "device", nil),
    ]
    func list(_ items: [Item]) -> String {
      items.filter { $0.count > 0 }.map { groupedCount($0.count, $0.singular, $0.plural) }
        .joined(separator: ", ")
    }
    return "\(groupedCount(coverage.recordsRead, "record")): \(list(counts)); on \(list(places))"
  }

  /// The share of the groups' time whose operators have shapes; nil without groups.
  private var shapesText: String? {
    guard !groups.isEmpty else { return nil }
    return "of \(percentText(shapedTime.part, of: shapedTime.whole)) % of the used time"
  }

  private var shapedTime: (part: Int64, whole: Int64) {
    var (part, whole) = (Tally(), Tally())
    for group in groups {
      whole.nanoseconds = whole.nanoseconds.adding(group.totalKernelTime)
      guard !group.inputDims.isEmpty else { continue }
      part.nanoseconds = part.nanoseconds.adding(group.totalKernelTime)
    }
    return (part.nanoseconds, whole.nanoseconds)
  }

  private var kernelTable: [String] {
    let times = kernelTimes
    guard !times.isEmpty else { return [] }
    let total = times.reduce(Int64(0)) { $0.adding($1.tally.nanoseconds) }
    var table = TextTable([
      .init("kernels", .left), .init("library", .left), .init("count"), .init("time ms"),
      .init("time %"),
    ])
    for (identity, tally) in times.prefix(20) {
      table.add([
        identity.class?.rawValue ?? "other", identity.library, "\(tally.count)",
        fixedText(Double(tally.nanoseconds) / 1e6, decimals: 3),
        percentText(tally.nanoseconds, of: total),
      ])
    }
    return table.indentedLines
  }
}

// MARK: What to do

extension ImportedTrace {
  /// What would make more of the source usable, the most helpful first.
  func advice(device: String?) -> [String] {
    var advice: [String] = []
    func matters(_ rule: AttributionRule) -> Bool {
      coverage[rule].nanoseconds > coverage.total.nanoseconds / 200
    }
    func time(_ rule: AttributionRule) -> String {
      percentText(coverage[rule].nanoseconds, of: coverage.total.nanoseconds) + " % of the time"
    }
    if device == nil { advice.append("name the device: --device NAME") }
    if !groups.isEmpty, shapedTime.part == 0 {
      advice.append("no operator has shapes: \(shapesAdvice)")
    } else if matters(.withoutShape) {
      advice.append("\(time(.withoutShape)) has no shapes: its operators record none")
    }
    if matters(.graph) {
      advice.append("\(time(.graph)) ran in graphs: \(graphAdvice)")
    }
    if matters(.clipped) {
      advice.append(
        "\(time(.clipped)) was launched before the window: let the profiler warm up a step first")
    }
    if matters(.noOperator) {
      advice.append(
        "\(time(.noOperator)) was launched outside any operator: profile CPU activity too")
    }
    if matters(.cpuOperator) {
      advice.append(
        "no device ran anything: where there is one, profile ProfilerActivity.CUDA as well")
    }
    if coverage.salvagedAt != nil {
      advice.append("the file ends early: let the profiler finish writing, or copy it again")
    }
    let unknown = kernelTimes.filter { $0.identity.class == nil }
      .reduce(Int64(0)) { $0.adding($1.tally.nanoseconds) }
    let all = kernelTimes.reduce(Int64(0)) { $0.adding($1.tally.nanoseconds) }
    if unknown > all / 20 {
      advice.append(
        "\(percentText(unknown, of: all)) % of the kernels' time is of unknown class: add rules "
          + "with --kernel-names FILE")
    }
    return advice
  }
}

extension ImportedTrace {
  /// How the profiler of this format records shapes.
  private var shapesAdvice: String {
    switch format {
    case .nsightSystems: "profile with nsys --pytorch=autograd-shapes-nvtx"
    case .kineto: "profile with record_shapes=True"
    default: "record a PyTorch trace with record_shapes=True beside it"
    }
  }

  /// How kernels of graphs get their operators back.
  private var graphAdvice: String {
    switch format {
    case .kineto: "add the trace of their capture (--capture FILE), or profile eagerly"
    case .nsightSystems: "profile with nsys --cuda-graph-trace=node, or eagerly"
    default: "profile eagerly"
    }
  }
}
