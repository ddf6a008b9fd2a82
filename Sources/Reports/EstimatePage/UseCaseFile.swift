import Analytical
import Operators

/// How use cases are best served, for programs: `TraceSchemas/use-cases.schema.json` describes it.
///
/// What a page of estimates says without its pickers; any row of those is what `reprise estimate --json` prints.
public struct UseCaseFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.use-cases"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private let model: String
  private let type: String
  private let useCases: [ResultValue]

  private enum CodingKeys: String, CodingKey {
    case schema, version, model, type
    case useCases = "use_cases"
  }

  /// Says what was found for each use case, platform by platform.
  init(_ answers: UseCaseAnswers) {
    model = answers.model.name
    type = answers.type.rawValue
    useCases = answers.cases.map { one in
      var limits: [String: ResultValue] = [:]
      let level = one.useCase.serviceLevel
      if let limit = level.timeToFirstToken { limits["ttft_ms"] = .number(limit / 1e6) }
      if let limit = level.timePerOutputToken { limits["tpot_ms"] = .number(limit / 1e6) }
      return .object([
        "name": .text(one.useCase.name), "input_tokens": .integer(one.useCase.inputTokens),
        "output_tokens": .integer(one.useCase.outputTokens), "limits": .object(limits),
        "platforms": .list(
          one.rows.map { platform, answer in
            var row: [String: ResultValue] = [
              "platform": .text(platform.name),
              "answer": .text(answer.map { $0.isMet ? "met" : "missed" } ?? "does-not-fit"),
            ]
            if let answer {
              row["plan"] = EstimateFile.plan(answer.plan)
              row["batch"] = .integer(answer.plan.estimate.workload.batch)
              row["excess"] = .number(level.excess(of: answer.plan.estimate))
            }
            return .object(row)
          }),
      ])
    }
  }
}
