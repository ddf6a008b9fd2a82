public import OperatorStore
public import ProfilerTraces
import TraceIO
import Validation

extension OperatorStore.Source {
  /// What the database knows about the source; lines that are safe for a terminal.
  public var report: [String] {
    var lines = [
      "source \(id): \(printableText(path))",
      "  format    " + (TraceFormat(rawValue: format)?.title ?? printableText(format)),
      "  device    \(printableText(device))",
      "  runtime   \(printableText(runtime))",
      "  holds     \(groupedText(bytes)) bytes, \(groupedText(recordsRead)) records, "
        + "\(groupedText(recordsUsed)) used: \(groupedText(samples)) samples, "
        + "\(groupedText(steps)) steps",
      "  SHA-256   \(printableText(sha256))",
    ]
    if !arguments.isEmpty { lines.append("  read with \(printableText(arguments))") }
    return lines + facts.map { "  says      " + printableText("\($0.name): \($0.value)") }
  }
}

extension OperatorStore.SampleOrigin {
  /// The sample, its kernels and their first launches; lines that are safe for a terminal.
  ///
  /// - Parameter excerpts: the text of launches, by place; nil where nobody asked for it.
  public func report(
    source: OperatorStore.Source, excerpts: [SourcePlace: [UInt8]]? = nil
  ) -> [String] {
    var lines = ["sample \(id), of source \(source.id): \(printableText(source.path))"]
    for (column, value) in row.dropFirst(2) where !value.isEmpty {
      lines.append(printableText("  \(column): \(value)"))
    }
    if kernels.isEmpty { lines.append("  no kernels: the source gives the operator's time itself") }
    for kernel in kernels {
      let identity = [kernel.identity.class?.rawValue ?? "other", kernel.identity.library]
        .filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append("  kernel \(printableText(kernel.name))")
      lines.append(
        "    \(printableText(identity)): \(groupedText(kernel.count)) launches, "
          + "\(microsecondsText(kernel.total)) µs")
      for event in kernel.events {
        lines.append("    \(microsecondsText(event.duration)) µs at \(event.place.text)")
        if let excerpt = excerpts?[event.place] {
          lines.append("      " + oneLine(excerpt))
        }
      }
    }
    return lines
  }

  /// The text without line ends and the indentation after them.
  private func oneLine(_ bytes: [UInt8]) -> String {
    var kept: [UInt8] = []
    var isIndentation = false
    for byte in bytes {
      let isBlank = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      if isBlank || (isIndentation && byte == UInt8(ascii: " ")) {
        if !isIndentation { kept.append(UInt8(ascii: " ")) }
        isIndentation = true
        continue
      }
      isIndentation = false
      kept.append(byte)
    }
    return printableText(String(decoding: kept, as: UTF8.self))
  }

  private func microsecondsText(_ nanoseconds: Int64) -> String {
    fixedText(Double(nanoseconds) / 1e3, decimals: 3)
  }
}

extension SourcePlace {
  /// What a person calls the place.
  var text: String {
    if offset < 0 { return "an unknown place" }
    return length > 0
      ? "byte \(groupedText(Int(offset))) of the text, \(groupedText(Int(length))) bytes"
      : "row \(groupedText(Int(offset)))"
  }
}
