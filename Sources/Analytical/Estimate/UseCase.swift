/// What a service is used for: how long its requests are, and how long its users will wait.
public struct UseCase: Hashable, Sendable {
  /// What it is called.
  public var name: String
  /// Prompt tokens of a request.
  public var inputTokens: Int
  /// Tokens that a request generates.
  public var outputTokens: Int
  /// What its users wait for at most.
  public var serviceLevel: ServiceLevel
  /// Where lengths and limits come from.
  public var source: String

  /// Creates a use case; limits are in milliseconds.
  public init(
    name: String, inputTokens: Int, outputTokens: Int, firstTokenMilliseconds: Double,
    perTokenMilliseconds: Double, source: String
  ) {
    self.name = name
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
    serviceLevel = ServiceLevel()
    serviceLevel.timeToFirstToken = firstTokenMilliseconds * 1e6
    serviceLevel.timePerOutputToken = perTokenMilliseconds * 1e6
    self.source = source
  }

  /// A batch of such requests, without beams or a cache.
  public func workload(batch: Int) -> Workload {
    Workload(batch: batch, inputTokens: inputTokens, outputTokens: outputTokens)
  }

  /// The use cases of GenZ's paper, and reasoning, which came later.
  public static let builtIns: [UseCase] = [
    UseCase(
      name: "question answering", inputTokens: 1000, outputTokens: 200,
      firstTokenMilliseconds: 200, perTokenMilliseconds: 10, source: genZ),
    UseCase(
      name: "chat", inputTokens: 3000, outputTokens: 1000, firstTokenMilliseconds: 200,
      perTokenMilliseconds: 10, source: genZ),
    UseCase(
      name: "answers with retrieval", inputTokens: 10_000, outputTokens: 200,
      firstTokenMilliseconds: 400, perTokenMilliseconds: 10, source: genZ),
    UseCase(
      name: "summarisation", inputTokens: 15_000, outputTokens: 1000,
      firstTokenMilliseconds: 2000, perTokenMilliseconds: 20, source: genZ),
    UseCase(
      name: "code generation", inputTokens: 20_000, outputTokens: 50,
      firstTokenMilliseconds: 5000, perTokenMilliseconds: 20, source: genZ),
    UseCase(
      name: "reasoning", inputTokens: 1000, outputTokens: 8000, firstTokenMilliseconds: 250,
      perTokenMilliseconds: 25,
      source: "limits are the bases of HERMES's (arXiv:2504.09775), which has answers of 8 to 32 "
        + "times the length; the lengths are assumed"),
  ]

  private static let genZ = "GenZ's paper (arXiv:2406.01698), as its chart scripts have it"
}
