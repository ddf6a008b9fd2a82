package import Scenarios
import Yams

/// A sweep as its file tells it: a base, and what is varied.
///
///     version: 1
///     name: rates
///     pipeline: first.yaml                  # or 'deployment: server.yaml' with 'log:'
///     fields:
///       workload.arrivals.rate: [10, 20]    # keys, places in lists from 0, or an entry's 'name'
///       engines.chat.count: [1, 2]
///     seeds: [1, 2, 3]
///
/// Files are relative to the sweep's. `TraceSchemas/sweep.schema.json` is the contract.
package struct SweepDescription {
  /// What a scenario of the sweep is replayed as.
  package enum Kind: String, Sendable, Codable {
    /// A deployment under a log, as by `reprise replay`.
    case deployment
    /// A scenario of stages, as by `reprise pipeline`.
    case pipeline
  }

  /// A place in the base, and the values that it takes.
  struct Field {
    var path: String
    var values: [Node]
    var line: Int
  }

  /// The most scenarios of one sweep.
  package static let mostScenarios = 1_000_000

  /// Where it was read.
  package let path: String
  /// What it is called.
  package let name: String
  /// What its scenarios are.
  package let kind: Kind
  /// The file that is varied, relative to the sweep's.
  package let base: String
  /// The request log, relative to the sweep's file; nil where requests are drawn.
  package let log: String?
  /// The database of operator latencies, relative to the sweep's file; nil for none.
  package let database: String?
  /// Only the first requests; nil for all.
  package let requests: Int?
  /// Seeds; one nil where none are given.
  let seeds: [UInt64?]
  /// Factors on the speed of the log's arrivals; one nil where none are given.
  let speeds: [Double?]
  let fields: [Field]

  /// Reads the file's text.
  ///
  /// - Throws: ``ScenarioError`` with the line of the first mistake.
  package init(yaml: String, path: String) throws(ScenarioError) {
    let reader = try SweepReader(yaml: yaml, path: path)
    self.path = path
    guard try reader.text("version") == "1" else {
      throw reader.error("version", "'version' must be 1")
    }
    name = try reader.text("name") ?? "sweep"
    let bases = try (reader.text("deployment"), reader.text("pipeline"))
    switch bases {
    case (let base?, nil): (kind, self.base) = (.deployment, base)
    case (nil, let base?): (kind, self.base) = (.pipeline, base)
    default:
      throw reader.error(
        "deployment", "a sweep varies one file: give 'deployment' or 'pipeline', and not both")
    }
    log = try reader.text("log")
    database = try reader.text("db")
    requests = try reader.list("requests", of: "a whole number above 0") {
      Int($0).flatMap { $0 > 0 ? $0 : nil }
    }?.first
    seeds = try reader.list("seeds", of: "whole numbers from 0") { UInt64($0) } ?? [nil]
    speeds =
      try reader.list("speeds", of: "numbers between 0.001 and 1000000000") {
        Double($0).flatMap { (1e-3...1e9).contains($0) ? $0 : nil }
      } ?? [nil]
    fields = try reader.fields()
    if kind == .deployment, log == nil {
      throw reader.error("deployment", "a deployment is swept under a request log; give 'log'")
    }
    if log == nil, speeds != [nil] {
      throw reader.error(
        "speeds", "'speeds' are of a log; of drawn requests vary the field 'workload.arrivals.rate'"
      )
    }
    var count = 1
    for size in [seeds.count, speeds.count] + fields.map(\.values.count) {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Self.mostScenarios else {
        throw reader.error("fields", "more than \(Self.mostScenarios) scenarios; take values out")
      }
      count = product
    }
  }
}
