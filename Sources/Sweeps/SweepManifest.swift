package import Reports
package import TraceIO

/// `manifest.json` of a sweep's folder: every scenario with a hash of all that decides its result;
/// `TraceSchemas/sweep-manifest.schema.json` is its contract.
package struct SweepManifest: Sendable, Codable {
  /// The value of the key `schema`.
  package static let schema = "reprise.sweep-manifest"
  /// The value of the key `version`.
  package static let version = 1

  /// One scenario.
  package struct Scenario: Sendable, Codable, Hashable {
    /// SHA-256 of what decides the result, in lower-case hexadecimal; its result's file is named by it.
    package var hash: String
    /// The values of the manifest's columns.
    package var values: [String]
    /// The base with the values in place, as YAML.
    package var document: String
    /// What draws follow from; nil for the base's own.
    package var seed: UInt64?
    /// The factor on the speed of the log's arrivals; nil for as recorded.
    package var speed: Double?
  }

  private var schema = Self.schema
  private var version = Self.version
  /// The version of the program that planned, which alone may run it.
  package var toolVersion: String
  /// What the sweep is called.
  package var name: String
  /// What its scenarios are.
  package var kind: SweepDescription.Kind
  /// The folder that files are relative to.
  package var folder: String
  /// The file that is varied.
  package var base: String
  /// The request log, if any.
  package var log: String?
  /// The database of operator latencies, if any.
  package var database: String?
  /// Only the first requests; nil for all.
  package var requests: Int?
  /// Every file that scenarios read, sorted by path, with its digest at the time of planning.
  package var inputs: [ResultFile.Input]
  /// What is varied.
  package var columns: [String]
  /// The scenarios in the order of the sweep's values.
  package var scenarios: [Scenario]

  /// Plans a sweep.
  ///
  /// - Parameters:
  ///   - combinations: what ``SweepDescription/expanded(base:basePath:)`` gave.
  ///   - folder: what files are relative to, so that any machine that sees it finds them.
  ///   - inputs: every file that scenarios read, besides the base.
  package init(
    _ description: SweepDescription, _ combinations: [SweepCombination], folder: String,
    inputs: [ResultFile.Input], toolVersion: String
  ) {
    self.toolVersion = toolVersion
    name = description.name
    kind = description.kind
    self.folder = folder
    base = description.base
    log = description.log
    database = description.database
    requests = description.requests
    columns = description.columns
    let sorted = inputs.sorted { ($0.path, $0.role) < ($1.path, $1.role) }
    self.inputs = sorted
    let common =
      [toolVersion, description.kind.rawValue, description.requests.map { "\($0)" } ?? "all"]
      + sorted.flatMap { [$0.role, $0.path, $0.sha256] }
    scenarios = combinations.map { combination in
      let parts =
        common + [
          combination.seed.map { "\($0)" } ?? "", combination.speed.map { "\($0)" } ?? "",
          combination.document,
        ]
      return Scenario(
        // With lengths, so that no two lists of parts read the same.
        hash: sha256(ofText: parts.map { "\($0.utf8.count):\($0)" }.joined()),
        values: combination.values, document: combination.document, seed: combination.seed,
        speed: combination.speed)
    }
  }

  /// Reads a manifest that ``write(to:)`` wrote.
  package static func read(_ path: String) throws(ReportError) -> SweepManifest {
    try readResult(path, schema: schema, version: version)
  }

  /// Writes it, whole or not at all.
  package func write(to path: String) throws(OutputError) { try writeJSON(self, to: path) }

  private enum CodingKeys: String, CodingKey {
    case schema, version, name, kind, folder, base, log, requests, inputs, columns, scenarios
    case toolVersion = "tool_version"
    case database = "db"
  }
}
