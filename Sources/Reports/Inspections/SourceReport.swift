public import OperatorStore
import Operators
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
      "  holds     \(groupedText(bytes)) bytes, \(groupedCount(recordsRead, "record")), "
        + "\(groupedText(recordsUsed)) used: \(groupedCount(samples, "sample")), "
        + "\(groupedCount(steps, "step"))",
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
        "    \(printableText(identity)): \(groupedCount(kernel.count, "launch", "launches")), "
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

/// Sources, and what a sample rests on, as JSON; `TraceSchemas/sources.schema.json` describes it.
public struct SourcesFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.sources"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private let sources: [ResultValue]
  private let sample: ResultValue?

  /// Takes sources, and the origin of a sample of theirs.
  public init(_ sources: [OperatorStore.Source], sample: OperatorStore.SampleOrigin? = nil) {
    self.sources = sources.map { source in
      let facts = source.facts.map { ($0.name, ResultValue.text($0.value)) }
      return .object([
        "source": .integer(source.id), "path": .text(source.path), "sha256": .text(source.sha256),
        "format": .text(source.format), "device": .text(source.device),
        "runtime": .text(source.runtime), "arguments": .text(source.arguments),
        "bytes": .integer(source.bytes), "records_read": .integer(source.recordsRead),
        "records_used": .integer(source.recordsUsed), "samples": .integer(source.samples),
        "steps": .integer(source.steps),
        "facts": .object(Dictionary(facts) { first, _ in first }),
      ])
    }
    self.sample = sample.map { origin in
      let kernels = origin.kernels.map { kernel in
        ResultValue.object([
          "name": .text(kernel.name), "class": .text(kernel.identity.class?.rawValue ?? ""),
          "library": .text(kernel.identity.library), "launches": .integer(kernel.count),
          "total_ns": .integer(Int(kernel.total)),
          "first_launches": .list(
            kernel.events.map { event in
              .object([
                "place": .integer(Int(event.place.offset)),
                "length": .integer(Int(event.place.length)),
                "duration_ns": .integer(Int(event.duration)),
              ])
            }),
        ])
      }
      return .object([
        "sample": .integer(origin.id), "source": .integer(origin.source),
        "kernels": .list(kernels),
      ])
    }
  }
}
