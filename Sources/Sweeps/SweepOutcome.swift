import Foundation
package import Reports
package import TraceIO

/// `results/HASH.json`: what became of one scenario; `TraceSchemas/sweep-outcome.schema.json` is its contract.
package struct SweepOutcome: Sendable, Codable {
  /// The value of the key `schema`.
  package static let schema = "reprise.sweep-outcome"
  /// The value of the key `version`.
  package static let version = 1

  private var schema = Self.schema
  private var version = Self.version
  /// The scenario's hash.
  package var hash: String
  /// Why there is no result; nil where there is one.
  package var error: String?
  /// The `summary` of `result.json` or `scenario-result.json`.
  package var summary: ResultValue?
  /// What a user should know before believing it.
  package var warnings: [String]

  /// A scenario that could not be replayed.
  package init(hash: String, error: String) {
    self.hash = hash
    self.error = error
    warnings = []
  }

  /// A scenario's result.
  ///
  /// - Parameter summary: what `result.json` or `scenario-result.json` holds under that key.
  package init(hash: String, summary: some Encodable, warnings: [String]) throws {
    self.hash = hash
    self.summary = try JSONDecoder().decode(ResultValue.self, from: indentedJSON(summary))
    self.warnings = warnings
  }

  /// Reads what ``write(to:)`` wrote.
  package static func read(_ path: String) throws(ReportError) -> SweepOutcome {
    try readResult(path, schema: schema, version: version)
  }

  /// Writes it, whole or not at all.
  package func write(to path: String) throws(OutputError) { try writeJSON(self, to: path) }
}
