extension Scenario {
  /// About the pipelines.
  var pipelinesConflict: ScenarioConflict? {
    if let conflict = countConflict(pipelines.count, of: "pipelines", in: ScenarioFormat.keys) {
      return conflict
    }
    for (index, pipeline) in pipelines.enumerated() {
      if let conflict = doubleConflict(pipelines.map(\.name), index) ?? classConflict(index)
        ?? conflict(of: pipeline)
      {
        return conflict.under("pipelines", index)
      }
    }
    return nil
  }

  /// About which requests take a pipeline.
  private func classConflict(_ index: Int) -> ScenarioConflict? {
    let pipeline = pipelines[index]
    if let found = ScenarioFormat.pipelineKeys.firstOutOfBounds(["share": pipeline.share]) {
      return ScenarioConflict(found)
    }
    guard let name = pipeline.requestClass,
      let other = pipelines[..<index].first(where: { $0.requestClass == name })
    else { return nil }
    return ScenarioConflict(
      "class",
      "requests of class '\(name)' take the pipeline '\(other.name)'; give this one another 'class'"
    )
  }

  /// About one pipeline.
  private func conflict(of pipeline: StagePipeline) -> ScenarioConflict? {
    let stages = pipeline.stages
    if let conflict = countConflict(stages.count, of: "stages", in: ScenarioFormat.pipelineKeys) {
      return conflict
    }
    for (index, stage) in stages.enumerated() {
      if let conflict = doubleConflict(stages.map(\.name), index)
        ?? afterConflict(stage, above: stages[..<index], below: stages[(index + 1)...])
        ?? conflict(of: stage.condition, in: pipeline)?.under("when") ?? poolConflict(stage)
        ?? indexConflict(stage)
      {
        return conflict.under("stages", index)
      }
    }
    return handoverConflict(pipeline) ?? fetchConflict(stages) ?? loggedConflict(stages)
  }

  /// About the passages that a log tells.
  private func loggedConflict(_ stages: [Stage]) -> ScenarioConflict? {
    let logged = stages.indices.filter {
      if case .retrieve(let retrieval) = stages[$0].action { retrieval.isLogged } else { false }
    }
    guard logged.count > 1 else { return nil }
    return ScenarioConflict(
      "from_log",
      "'\(stages[logged[0]].name)' brings the passages of the log; leave 'from_log' out here"
    ).under("stages", logged[1])
  }

  /// About the stages that one waits for.
  private func afterConflict(
    _ stage: Stage, above: ArraySlice<Stage>, below: ArraySlice<Stage>
  ) -> ScenarioConflict? {
    guard let names = stage.after else { return nil }
    for (index, name) in names.enumerated() {
      let message: String
      if above.contains(where: { $0.name == name }) {
        guard names[..<index].contains(name) else { continue }
        message = "'after' names '\(name)' twice; once is enough"
      } else if name == stage.name || below.contains(where: { $0.name == name }) {
        message = "'\(name)' is not above this stage; a stage waits for stages above it"
      } else {
        message = unknownName(name, what: "stage", among: above.map(\.name))
      }
      return ScenarioConflict("after", message)
    }
    return nil
  }

  /// About the engines that do what a stage is.
  private func poolConflict(_ stage: Stage) -> ScenarioConflict? {
    guard let pool = pools.first(where: { $0.name == stage.pool }) else {
      return ScenarioConflict(
        "on", unknownName(stage.pool, what: "pool of engines", among: pools.map(\.name)))
    }
    let wanted = stage.action.poolKinds
    guard wanted.contains(pool.service.kind) else {
      let fitting = wanted.flatMap { names(of: $0) }
      let kinds = wanted.map(\.rawValue).joined(separator: " or ")
      return ScenarioConflict(
        "on",
        "'\(stage.name)' needs engines of kind \(kinds), and '\(pool.name)' is of kind "
          + pool.service.kind.rawValue
          + (fitting.isEmpty ? "" : "; try " + fitting.map { "'\($0)'" }.joined(separator: ", ")))
    }
    return stage.action.conflict(on: pool)
  }

  /// About prompts and answers that different engines compute.
  private func handoverConflict(_ pipeline: StagePipeline) -> ScenarioConflict? {
    let stages = pipeline.stages
    // Engines that wait for each other's memory would wait for ever.
    let prompts = pipelines.flatMap(\.stages).filter { $0.action == .prefill }.map(\.pool)
    for (index, stage) in stages.enumerated()
    where stage.action == .decode && prompts.contains(stage.pool) {
      return ScenarioConflict(
        "on",
        "'\(stage.pool)' computes prompts for others, too; take other engines, or 'do: generate'"
      ).under("stages", index)
    }
    let prefills = prefills(of: pipeline)
    for (index, stage) in stages.enumerated() where stage.action == .decode {
      guard let prefill = prefills[index] else {
        return ScenarioConflict(
          "do",
          "'\(stage.name)' must come after exactly one 'prefill' of the same model that no other "
            + "'decode' goes on with; 'after' says which stages it comes after"
        ).under("stages", index)
      }
      guard stage.condition == stages[prefill].condition, stage.condition.share == nil else {
        return ScenarioConflict(
          "when",
          "'\(stage.name)' is done for the requests of '\(stages[prefill].name)': give both the "
            + "same 'when', without 'share', which is drawn for each stage alone"
        ).under("stages", index)
      }
      for place in [prefill, index] where stages[place].isOptional {
        return ScenarioConflict(
          "optional",
          "a request passes both '\(stages[prefill].name)' and '\(stage.name)' or none: leave 'optional' out"
        ).under("stages", place)
      }
    }
    for (index, stage) in stages.enumerated()
    where stage.action == .prefill && !prefills.contains(index) {
      return ScenarioConflict(
        "do",
        "no 'decode' goes on with what '\(stage.name)' computes; add one of the same model after "
          + "it, or take 'generate'"
      ).under("stages", index)
    }
    return nil
  }

  /// About key-values that nothing is computed with.
  private func fetchConflict(_ stages: [Stage]) -> ScenarioConflict? {
    let graph = StageGraph(stages)
    for (index, stage) in stages.enumerated() where stage.action.looksUp {
      let isUsed = stages.indices.contains {
        stages[$0].action.computesPrompt && graph.stage($0, follows: index)
      }
      guard !isUsed else { continue }
      return ScenarioConflict(
        "do",
        "no 'prefill', 'generate' or 'think' comes after '\(stage.name)' to use what it brings"
      ).under("stages", index)
    }
    return nil
  }
}

extension StageAction {
  /// Whether the context is computed, or found as key-values.
  fileprivate var computesPrompt: Bool {
    switch self {
    case .prefill, .generate, .think: true
    default: false
    }
  }
}

extension Scenario {
  /// What is out of bounds in a condition or never holds, or nil.
  private func conflict(
    of condition: StageCondition, in pipeline: StagePipeline
  ) -> ScenarioConflict? {
    if let found = ScenarioFormat.conditionKeys.firstOutOfBounds([
      "difficulty_above": condition.difficultyAbove, "difficulty_below": condition.difficultyBelow,
      "share": condition.share, "input_above": condition.inputAbove.map(Double.init),
      "input_up_to": condition.inputUpTo.map(Double.init),
    ]) {
      return ScenarioConflict(found)
    }
    if let name = condition.requestClass {
      if let all = pipeline.requestClass {
        return ScenarioConflict(
          "class",
          "all requests of '\(pipeline.name)' are of class '\(all)'; leave 'class' out here")
      }
      if let other = pipelines.first(where: { $0.requestClass == name }) {
        return ScenarioConflict(
          "class",
          "requests of class '\(name)' take the pipeline '\(other.name)' and never come here; leave "
            + "the stage out")
      }
    }
    if condition.passages != nil, !pipeline.takesPassages {
      return ScenarioConflict(
        "passages",
        "'passages' asks what the log tells of them, and no 'retrieve' of '\(pipeline.name)' has "
          + "'from_log: true'")
    }
    if let above = condition.difficultyAbove, let below = condition.difficultyBelow, above >= below
    {
      return ScenarioConflict(
        "difficulty_above",
        "no difficulty is above \(above) and below \(below): 'difficulty_above' is the lower bound")
    }
    if let above = condition.inputAbove, let upTo = condition.inputUpTo, above >= upTo {
      return ScenarioConflict(
        "input_above",
        "no context is above \(above) and up to \(upTo) tokens: 'input_above' is the lower bound")
    }
    return nil
  }
}

extension StagePipeline {
  /// Whether a stage takes the passages that a log tells of.
  fileprivate var takesPassages: Bool {
    stages.contains { stage in
      if case .retrieve(let retrieval) = stage.action { return retrieval.isLogged }
      return false
    }
  }
}
