import Foundation
import Reprise

/// A file of this tool's own that is neither imported nor a request log: what it is, and which command takes it.
struct OwnFile {
  /// What it is, with its article.
  let title: String
  /// Which command takes it, or what is done with it.
  let use: String

  private static let startBytes = 1 << 20

  /// Tells such a file by its content; nil where it is none, or cannot be read.
  init?(path: String) {
    // What a pipe holds was read, and is gone.
    guard isRegularFile(path), var source = try? ByteSource(path: path),
      let start = try? source.readPrefix(count: Self.startBytes)
    else { return nil }
    if OperatorStore.isDatabase(start) {
      (title, use) = ("a database of operator latencies", "'reprise show --db' says what is in it")
      return
    }
    let isObject = start.first { $0 > 0x20 } == UInt8(ascii: "{")
    guard let found = isObject ? Self.document(start) : Self.description(start) else { return nil }
    (title, use) = found
  }

  /// What to do with it where a trace or a log was wanted.
  func hint(path: String) -> String { "\(path): is \(title), no trace and no request log; \(use)" }

  /// A document of JSON, by its schema or by the members of a model's configuration.
  private static func document(_ text: [UInt8]) -> (String, String)? {
    let (names, schema) = members(text)
    guard let schema, schema.hasPrefix("reprise.") else {
      return names.contains("model_type") && names.contains("architectures")
        ? (
          "the configuration of a model",
          "a deployment names it as its model, and 'reprise estimate --model' takes it"
        ) : nil
    }
    let use: String? =
      switch schema {
      case ResultFile.schema:
        "'reprise report' and 'reprise validate' take the folder that it is in"
      case ScenarioResultFile.schema: "'reprise report' takes the folder that it is in"
      case SweepManifest.schema: "'reprise sweep run' takes the folder that it is in"
      case SweepOutcome.schema: "'reprise sweep merge' takes the folder of its sweep"
      case MeasurementPlanFile.schema:
        "tools/capture measures its points on the device, and 'reprise import' takes what that writes"
      default: nil
      }
    let kind = schema.dropFirst("reprise.".count)
    return (
      "a result of this tool ('\(schema)')",
      use ?? "TraceSchemas/\(kind).schema.json says what is in it"
    )
  }

  /// The members of an object, as far as they can be read, and what it says that its schema is.
  private static func members(_ text: [UInt8]) -> (names: Set<String>, schema: String?) {
    var names: Set<String> = []
    var schema: String?
    do {
      var scanner = try JSONScanner(ByteSource(bytes: text))
      guard try scanner.next() == .objectStart else { return (names, schema) }
      while try scanner.next() == .key, names.count < 1_000 {
        let name = scanner.string()
        names.insert(name)
        let value = try scanner.next()
        if name == "schema", value == .string { schema = scanner.string() }
        try scanner.skipValue(of: value)
      }
    } catch {
      // What was read before the damage, or the end of what is looked at, may still tell.
    }
    return (names, schema)
  }

  /// What the keys at the left of a YAML file tell.
  private static let descriptions: [(keys: Set<String>, title: String, use: String)] = [
    (["model", "engines"], "a deployment", "'reprise replay --deployment' takes it"),
    (["engines", "pipelines"], "a scenario of pipelines", "'reprise pipeline' takes it"),
    (["model", "devices", "engine", "slo"], "a search", "'reprise search' takes it"),
    (["deployment", "fields"], "a sweep", "'reprise sweep plan' takes it"),
    (["pipeline", "fields"], "a sweep", "'reprise sweep plan' takes it"),
  ]

  /// A description in YAML.
  private static func description(_ text: [UInt8]) -> (String, String)? {
    let keys = text.split(separator: UInt8(ascii: "\n")).compactMap { line -> String? in
      guard let first = line.first, first > 0x20, let end = line.firstIndex(of: UInt8(ascii: ":"))
      else { return nil }
      return String(decoding: line[..<end], as: UTF8.self)
    }
    guard keys.contains("version") else { return nil }
    return descriptions.first { $0.keys.isSubset(of: keys) }.map { ($0.title, $0.use) }
  }
}

/// Whether a path leads to a file that can be read again: no pipe, no folder.
private func isRegularFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
