/// What a run of a sweep, or of a shard of it, came to, as JSON; `TraceSchemas/sweep-run.schema.json`
/// describes it.
package struct SweepRunFile: Sendable, Encodable {
  /// The value of the key `schema`.
  package static let schema = "reprise.sweep-run"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  package static let version = 1

  /// A scenario that could not be replayed.
  private struct Failed: Encodable {
    let hash: String
    let error: String
  }

  private let schema = Self.schema
  private let version = Self.version
  private let shard: String
  private let scenarios: Int
  private let found: Int
  private let replayed: Int
  private let failed: [Failed]

  /// Takes the outcomes of a shard's scenarios, in the order of the plan, of which so many were replayed by
  /// this run; the others had a result.
  package init(_ outcomes: [SweepOutcome], replayed: Int, shard: String) {
    self.shard = shard
    self.replayed = replayed
    scenarios = outcomes.count
    found = outcomes.count - replayed
    failed = outcomes.compactMap { outcome in
      outcome.error.map { Failed(hash: outcome.hash, error: $0) }
    }
  }
}
