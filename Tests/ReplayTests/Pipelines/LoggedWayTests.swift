import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// What a log tells of a request's way through its pipeline.
@Suite struct LoggedWayTests {
  private let web = EnginePool(name: "web", service: .external(ExternalService()))

  private func call(
    _ name: String, _ condition: StageCondition = StageCondition(), isOptional: Bool = false
  ) -> Stage {
    Stage(
      name: name, action: .call(ExternalCall(duration: .constant(1e-6))), pool: "web",
      condition: condition, isOptional: isOptional)
  }

  private func record(_ change: (inout RequestRecord) -> Void) -> RequestRecord {
    var record = request(0, input: 100, output: 1)
    change(&record)
    return record
  }

  /// The stages that each request passed.
  private func passed(_ stages: [Stage], _ records: [RequestRecord]) throws -> [[Int]] {
    try replay(plan([web], stages), records).outcomes.map { $0.stages.map(\.stage) }
  }

  @Test("Optional stages are passed by requests that name them, and by those without a list")
  func optional() throws {
    let stages = [
      call("a"), call("b", isOptional: true), call("c", isOptional: true),
      call("d", StageCondition(inputAbove: 50), isOptional: true),
      call("e", StageCondition(inputAbove: 500), isOptional: true),
    ]
    let lists: [[String]?] = [nil, [], ["c", "d", "unknown"], ["a", "b", "c", "d", "e"]]
    let records = lists.map { list in record { $0.stages = list } }
    #expect(try passed(stages, records) == [[0, 1, 2, 3], [0], [0, 2, 3], [0, 1, 2, 3]])
  }

  @Test("A log's difficulty routes; where it tells none it is drawn")
  func difficulty() throws {
    let stages = [
      call("small", StageCondition(difficultyBelow: 0.5)),
      call("large", StageCondition(difficultyAbove: 0.5)),
      call("hard", StageCondition(difficultyAbove: 0.9)),
    ]
    let values: [Double?] = [0, 0.5, 0.500000001, 0.9, 1] + Array(repeating: nil, count: 400)
    let records = values.map { value in record { $0.difficulty = value } }
    let passed = try passed(stages, records)
    #expect(passed[..<5] == [[0], [0], [1], [1], [1, 2]])
    // Four standard deviations of 400 draws.
    let small = passed[5...].count { $0 == [0] }
    #expect(abs(small - 200) <= 40)
  }

  @Test("'passages' tells requests that are searched for from those that are not")
  func searched() throws {
    var plan = retrieval(isLogged: true)
    plan.scenario.pipelines[0].stages[0].condition = StageCondition(passages: true)
    plan.scenario.pipelines[0].stages[2].condition = StageCondition(passages: false)
    let records = [2, 0, nil].map { count in record { $0.passages = count } }
    let outcomes = try replay(plan, records).outcomes
    #expect(outcomes.map { $0.stages.map(\.stage) } == [[0, 1], [2], [0, 1]])
    plan = retrieval(isLogged: false)
    plan.scenario.pipelines[0].stages[0].condition = StageCondition(passages: true)
    #expect(throws: PipelineError.self) { try PipelineSimulation(plan) }
  }

  /// An encoder before and after a search on hosts, and an engine that answers.
  private func retrieval(isLogged: Bool) -> ScenarioPlan {
    plan(
      [hostPool(), encoderPool(), modelPool()],
      [
        Stage(
          name: "embed", action: .encode(EncoderWork(source: .context)), pool: "embedder"),
        Stage(
          name: "retrieve",
          action: .retrieve(
            Retrieval(
              index: "i", probes: 1, documents: 3, tokensPerDocument: 10, isLogged: isLogged)),
          pool: "hosts"),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ])
  }

  @Test(
    "Passages of the log join the context where they are searched; without any there is no search",
    arguments: [
      // Passages, their tokens; tokens that are embedded and that are answered, if the log is asked.
      (2, 36, 64, 100, true), (2, nil, 80, 100, true), (0, 0, 100, 100, false),
      (50, nil, 1, 100, true), (1, 0, 100, 100, true), (nil, nil, 100, 130, true),
    ] as [(Int?, Int?, Int, Int, Bool)])
  func passages(count: Int?, tokens: Int?, embedded: Int, context: Int, searches: Bool) throws {
    let one = record {
      $0.passages = count
      $0.passageTokens = tokens
    }
    let asked = try replay(retrieval(isLogged: true), [one]).outcomes[0]
    #expect(asked.promptTokens == embedded)
    #expect(asked.contextTokens == context)
    // A pass takes 1,000 ns and 10 a token.
    #expect(asked.stages[0].ended.rawValue == 1000 + 10 * Int64(embedded))
    #expect(asked.stages.map(\.stage) == (searches ? [0, 1, 2] : [0, 2]))
    let other = try replay(retrieval(isLogged: false), [one]).outcomes[0]
    #expect(other.promptTokens == 100 && other.contextTokens == 130)
  }

  @Test("Prompts whose passages are searched share their beginnings as the log names them")
  func content() throws {
    let records = (0..<2).map { number in
      var one = request(
        1_000_000 * Int64(number), input: 100, output: 1, content: Array(0..<25), tokensPerName: 4)
      one.passages = 2
      one.passageTokens = 36
      return one
    }
    let outcomes = try replay(retrieval(isLogged: true), records).outcomes
    // All whole blocks but that of the last token.
    #expect(outcomes.map(\.cachedTokens) == [0, 96])
  }
}
