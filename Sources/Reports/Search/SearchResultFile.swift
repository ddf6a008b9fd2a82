import Analytical
import Foundation
import Operators
import Replay
import Scenarios
public import Search
public import TraceIO

/// `search-result.json`: what was searched, what was found, and what became of the other designs;
/// `TraceSchemas/search-result.schema.json` is its contract. All designs are in ``DesignsFile``.
///
/// The bytes depend on nothing but the content: keys are sorted, and no time of writing is told.
public struct SearchResultFile: Sendable {
  /// The value of the key `schema`.
  public static let schema = "reprise.search-result"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let document: ResultValue

  /// Creates a result.
  ///
  /// - Parameters:
  ///   - inputs: everything that was read.
  ///   - workload: what was made of the log, if there is one.
  ///   - warnings: what the user should know before believing the rest.
  public init(
    toolVersion: String, inputs: [ResultFile.Input], workload: [String: ResultValue]?,
    _ search: DesignSearch, _ result: SearchResult, warnings: [String]
  ) {
    var members: [String: ResultValue] = [
      "schema": .text(Self.schema), "version": .integer(Self.version),
      "tool": .object(["name": "reprise", "version": .text(toolVersion)]),
      "inputs": .list(
        inputs.map { input in
          var members: [String: ResultValue] = [
            "role": .text(input.role), "path": .text(input.path), "sha256": .text(input.sha256),
          ]
          members["bytes"] = input.bytes.map { .integer($0) }
          return .object(members)
        }),
      "name": .text(search.space.name), "model": .text(search.architecture.name),
      "objective": .text(search.space.objective.rawValue),
      "cost": .text(search.countsDevices ? "devices" : "price_per_hour"),
      "limits": Self.limits(search.space.objectives), "requests": .integer(result.requests),
      "designs": .integer(search.designs.count),
      "replayed": .integer(result.verdicts.indices.count { result.outcome(of: $0) != nil }),
      "pruned": .object(
        Dictionary(
          uniqueKeysWithValues: Pruning.Reason.allCases.map {
            ($0.rawValue, .integer(result.count(of: $0)))
          })),
      "cut": .flag(result.isCut),
      "front": .list(result.front.compactMap { Self.design($0, search, result) }),
      "warnings": .list(warnings.map { .text($0) }),
    ]
    members["best"] = result.best.flatMap { Self.design($0, search, result) }
    members["workload"] = workload.map { .object($0) }
    document = .object(members)
  }

  /// The file's text; an error where a figure is infinite or no number.
  public func text() throws -> String {
    String(decoding: try indentedJSON(document), as: UTF8.self) + "\n"
  }

  /// Writes the file.
  public func write(to path: String) throws(OutputError) {
    let text: String
    do {
      text = try self.text()
    } catch {
      throw OutputError(path: path, reason: "a figure is infinite or not a number")
    }
    try OutputFile.write(text, to: path)
  }

  private static func limits(_ objectives: LatencyObjectives) -> ResultValue {
    func limits(_ base: Double, _ factors: [Double]) -> ResultValue {
      .object(
        Dictionary(
          uniqueKeysWithValues: zip(["p50", "p90", "p99"], factors).map {
            ($0.0, .number(base * $0.1))
          }))
    }
    return .object([
      "ttft_ms": limits(objectives.timeToFirstToken, objectives.firstTokenFactors),
      "tpot_ms": limits(objectives.timePerOutputToken, objectives.outputTokenFactors),
    ])
  }

  private static func design(
    _ number: Int, _ search: DesignSearch, _ result: SearchResult
  ) -> ResultValue? {
    guard let outcome = result.outcome(of: number) else { return nil }
    let design = search.designs[number]
    let combination = search.combinations[design.combination]
    func percentiles(_ values: [Nanoseconds?]) -> ResultValue {
      var members: [String: ResultValue] = [:]
      for (name, value) in zip(["p50_ns", "p90_ns", "p99_ns"], values) {
        members[name] = value.map { .integer(Int($0.rawValue)) }
      }
      return .object(members)
    }
    var members: [String: ResultValue] = [
      "design": .integer(number), "arrangement": .text(combination.arrangement.rawValue),
      "engines": .list(
        zip(combination.kinds, design.counts).map { kind, count in
          engine(search.kinds[kind], count: count)
        }),
      "routing": .text(design.routing.rawValue),
      "devices": .integer(search.deviceCount(of: design)), "holds": .flag(outcome.holds),
      "within": .integer(outcome.within), "rejected": .integer(outcome.rejected),
      "attainment": .number(outcome.attainment), "goodput_per_second": .number(outcome.goodput),
      "ttft": percentiles(outcome.timeToFirstToken),
      "tpot": percentiles(outcome.timePerOutputToken),
      "makespan_ns": .integer(Int(outcome.makespan.rawValue)),
      "output_tokens_per_second": .number(outcome.outputTokensPerSecond),
      "busy_share": .number(outcome.busyShare), "preemptions": .integer(outcome.preemptions),
      "steps": .integer(outcome.steps),
    ]
    if let price = search.pricePerHour(of: design) {
      members["price_per_hour"] = .number(price)
      members["dollars_per_million_tokens"] = outcome.dollarsPerMillionTokens(at: price).map {
        .number($0)
      }
    }
    return .object(members)
  }

  private static func engine(_ kind: EngineKind, count: Int) -> ResultValue {
    let group = kind.group
    let dealt: [String: ResultValue] =
      group.expertParallel > 1 ? ["expert_parallel": .integer(group.expertParallel)] : [:]
    let members: [String: ResultValue] = [
      "count": .integer(count), "device": .text(group.device), "role": .text(group.role.rawValue),
      "tensor_parallel": .integer(group.tensorParallel),
      "pipeline_parallel": .integer(group.pipelineParallel),
      "max_num_seqs": .integer(group.maxSequences),
      "max_num_batched_tokens": .integer(group.maxBatchedTokens),
      "num_gpu_blocks": .integer(group.blockCount ?? 0),
      "policy": .text(group.policy.rawValue),
      "settings": .object(
        Dictionary(
          uniqueKeysWithValues: kind.choice.settings.map { ($0.key, .text($0.value)) })),
    ]
    return .object(members.merging(dealt) { $1 })
  }
}
