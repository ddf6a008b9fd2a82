package import Reports
package import TraceIO

/// `results.json`: a sweep's scenarios with what became of them, in the order of the manifest, so that the
/// bytes do not depend on who ran what; `TraceSchemas/sweep-results.schema.json` is its contract.
package struct SweepResults: Sendable, Codable {
  /// The value of the key `schema`.
  package static let schema = "reprise.sweep-results"
  /// The value of the key `version`.
  package static let version = 1

  /// A scenario and its outcome.
  package struct Row: Sendable, Codable {
    /// The scenario's hash.
    package var hash: String
    /// The values of the sweep's columns.
    package var values: [String: String]
    /// Why there is no result.
    package var error: String?
    /// The summary of its result.
    package var summary: ResultValue?
    /// What a user should know before believing it.
    package var warnings: [String]
  }

  private var schema = Self.schema
  private var version = Self.version
  /// The version of the program that made the results.
  package let toolVersion: String
  /// What the sweep is called.
  package let name: String
  /// What its scenarios read.
  package let inputs: [ResultFile.Input]
  /// What was varied, in the order of the sweep.
  package let columns: [String]
  /// The scenarios that have an outcome.
  package let scenarios: [Row]
  /// Hashes of those that have none yet.
  package let missing: [String]

  /// Joins outcomes, in whatever order they come.
  package init(_ manifest: SweepManifest, _ outcomes: some Sequence<SweepOutcome>) {
    let found = Dictionary(outcomes.map { ($0.hash, $0) }) { first, _ in first }
    toolVersion = manifest.toolVersion
    name = manifest.name
    inputs = manifest.inputs
    columns = manifest.columns
    scenarios = manifest.scenarios.compactMap { scenario in
      found[scenario.hash].map { outcome in
        Row(
          hash: scenario.hash,
          values: Dictionary(zip(manifest.columns, scenario.values)) { first, _ in first },
          error: outcome.error, summary: outcome.summary, warnings: outcome.warnings)
      }
    }
    missing = manifest.scenarios.map(\.hash).filter { found[$0] == nil }
  }

  /// Writes JSON, whole or not at all.
  package func writeJSON(to path: String) throws(OutputError) {
    try Reports.writeJSON(self, to: path)
  }

  /// Writes CSV: a row a scenario, a column for each value and for each figure of any summary, whose members
  /// are joined by dots. Lists (classes, engines, stages) are in the JSON alone.
  package func writeCSV(to path: String) throws(OutputError) {
    let figures = scenarios.map { $0.summary.map { Self.figures(of: $0) } ?? [:] }
    let names = Set(figures.flatMap(\.keys)).sorted()
    var file = try OutputFile(path: path)
    try file.write(Self.line(["hash"] + columns + ["error"] + names))
    for (row, figures) in zip(scenarios, figures) {
      try file.write(
        Self.line(
          [row.hash] + columns.map { row.values[$0] ?? "" } + [row.error ?? ""]
            + names.map { figures[$0] ?? "" }))
    }
    try file.commit()
  }

  private static func line(_ cells: [String]) -> String {
    cells.map { cell in CSV.quoted(Double(cell) == nil ? CSV.disarmed(cell) : cell) }
      .joined(separator: ",") + "\n"
  }

  private static func figures(of value: ResultValue, _ name: String = "") -> [String: String] {
    switch value {
    case .text(let text): [name: text]
    case .integer(let integer): [name: "\(integer)"]
    case .number(let number): [name: "\(number)"]
    case .flag(let flag): [name: "\(flag)"]
    case .list: [:]
    case .object(let members):
      members.reduce(into: [:]) { all, member in
        let path = name.isEmpty ? member.key : name + "." + member.key
        all.merge(figures(of: member.value, path)) { first, _ in first }
      }
    }
  }

  private enum CodingKeys: String, CodingKey {
    case schema, version, name, inputs, columns, scenarios, missing
    case toolVersion = "tool_version"
  }
}
