import TraceIO

/// The first line of operator curves: where they were measured, and where they come from.
struct CurvesHeader {
  private var device: String?
  private var source: String?
  private var runtime = RuntimeDescription()
  private var facts: [String: String] = [:]

  /// The facts that are kept; others are passed over, as in every format.
  private static let keptFacts: Set<String> = [
    "attribution", "collection", "licence", "package", "repeated_rows", "rows_left_out",
    "stated_versions", "table", "table_rows", "table_sha256",
  ]
  /// The longest name, and the longest fact, in bytes.
  private static let longestName = 512
  private static let longestFact = 4096

  /// Reads the line, or gives nil where it is not a header of version 1.
  init?(_ scanner: inout JSONScanner) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else { return nil }
    var version: Int64?
    while try scanner.next() == .key {
      let name = scanner.string()
      let token = try scanner.next()
      switch (name, token) {
      case ("operator_curves", .number): version = scanner.integer()
      case ("device", .string): device = Self.text(scanner, Self.longestName)
      case ("source", .string): source = Self.text(scanner, Self.longestFact)
      case ("runtime", .objectStart):
        while try scanner.next() == .key {
          let name = scanner.string()
          let value = try scanner.next()
          if value == .string, name == "framework" {
            runtime.framework = Self.text(scanner, Self.longestName)
          } else if value == .string, name == "version" {
            runtime.version = Self.text(scanner, Self.longestName)
          } else {
            try scanner.skipValue(of: value)
          }
        }
      case ("facts", .objectStart):
        while try scanner.next() == .key {
          let name = scanner.string()
          let value = try scanner.next()
          if value == .string, Self.keptFacts.contains(name) {
            facts[name] = Self.text(scanner, Self.longestFact)
          } else {
            try scanner.skipValue(of: value)
          }
        }
      default: try scanner.skipValue(of: token)
      }
    }
    _ = try scanner.next()
    guard version == 1 else { return nil }
  }

  /// Gives what is known to the trace.
  func describe(_ trace: inout ImportedTrace) {
    trace.deviceName = device
    trace.runtime = runtime
    trace.facts = facts
    if let source { trace.path = source }
  }

  /// The current string, or nil where it is empty or too long.
  private static func text(_ scanner: borrowing JSONScanner, _ longest: Int) -> String? {
    guard (1...longest).contains(scanner.tokenLength) else { return nil }
    return scanner.string()
  }
}
