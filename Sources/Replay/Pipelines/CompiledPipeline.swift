import Scenarios

/// A pipeline as numbers: stages, who waits for whom, and where they are served.
struct CompiledPipeline {
  /// One stage: an object, as it is handed on for each stage of each request, and a copy of its names and lists
  /// would cost more than what is done with it.
  final class Part: Sendable {
    let stage: Stage
    /// The number of its pool.
    let pool: Int
    /// The stages that must have ended.
    let predecessors: [Int]
    /// The stages that wait for it.
    let successors: [Int]
    /// For a decode its prefill, and the other way round; -1 otherwise.
    let partner: Int
    /// For a fetch: the stages that compute the context, of which it serves the first that is done.
    let contexts: [Int]
    /// For a stage that computes a context: the stores, nearest first, to which that is written.
    let stores: [Int]
    /// What batches of 1, 2, 3… searches cost.
    let searches: [SearchCost]
    /// The same for all stages that search the same in the same way on the same engines; -1 for others.
    let searchNumber: Int
    /// Whether all requests pass it, whatever they are.
    let isForAll: Bool
    // What is asked of its action for each stage of each request, as comparing actions copies them.
    let looksUp: Bool
    let isPrefill: Bool
    let isDecode: Bool

    fileprivate init(_ draft: Draft) {
      (stage, pool) = (draft.stage, draft.pool)
      (searches, searchNumber) = (draft.searches, draft.searchNumber)
      (predecessors, successors) = (draft.predecessors, draft.successors)
      (partner, contexts, stores) = (draft.partner, draft.contexts, draft.stores)
      var takesPassages = false
      if case .retrieve(let retrieval) = stage.action { takesPassages = retrieval.isLogged }
      looksUp = stage.action.looksUp
      (isPrefill, isDecode) = (stage.action == .prefill, stage.action == .decode)
      isForAll = stage.condition == StageCondition() && !stage.isOptional && !takesPassages
    }

    /// Whether a language model computes a context here.
    var computesContext: Bool { stage.action.computesContext }

    /// Whether tokens of the answer come from here.
    var answers: Bool {
      switch stage.action {
      case .prefill, .generate, .decode: true
      case .process, .encode, .retrieve, .call, .fetch, .prefetch, .think: false
      }
    }
  }

  /// A stage while its pipeline is compiled.
  fileprivate struct Draft {
    var stage: Stage
    var pool: Int
    var predecessors: [Int]
    var successors: [Int] = []
    var partner = -1
    var contexts: [Int] = []
    var stores: [Int] = []
    var searches: [SearchCost] = []
    var searchNumber = -1
  }

  let name: String
  let parts: [Part]
  /// Whether any stage generates tokens.
  var generates: Bool { parts.contains { $0.computesContext || $0.isDecode } }
  /// Whether contexts have names even where the log has none: several stages compute them, paths share
  /// them, or stores keep them.
  let namesContexts: Bool
  /// Whether engines look for what no log names: several stages compute one request's contexts, or paths share
  /// them. Where one stage alone generates from them, only stores do.
  let sharesOwnContent: Bool

  /// The search whose passages the log tells, if one takes these.
  var loggedRetrieval: Retrieval? {
    for part in parts {
      if case .retrieve(let retrieval) = part.stage.action, retrieval.isLogged { return retrieval }
    }
    return nil
  }

  /// Compiles a pipeline of a scenario whose parts fit together.
  init(_ pipeline: StagePipeline, of plan: ScenarioPlan) throws(PipelineError) {
    let scenario = plan.scenario
    name = pipeline.name
    var drafts: [Draft] = []
    let graph = StageGraph(pipeline.stages)
    for (index, stage) in pipeline.stages.enumerated() {
      guard let pool = scenario.pools.firstIndex(where: { $0.name == stage.pool }) else {
        throw .conflict("stage '\(stage.name)': there are no engines '\(stage.pool)'")
      }
      var draft = Draft(stage: stage, pool: pool, predecessors: graph.parents[index])
      for before in draft.predecessors { drafts[before].successors.append(index) }
      if case .retrieve(let retrieval) = stage.action {
        let search = PlacedSearch(retrieval, on: stage.pool)
        guard let costs = plan.searches[search], !costs.isEmpty else {
          throw .missing(what: "cost of searching '\(retrieval.index)'", pool: stage.pool)
        }
        draft.searches = costs
        draft.searchNumber = scenario.placedSearches.firstIndex(of: search) ?? -1
      }
      drafts.append(draft)
    }
    try Self.join(&drafts, graph, prefills: scenario.prefills(of: pipeline), scenario)
    parts = drafts.map(Part.init)
    let computing = parts.filter(\.computesContext)
    sharesOwnContent = computing.count > 1 || computing.contains { $0.stage.action != .generate }
    namesContexts =
      computing.count > 1
      || parts.contains {
        if case .think(let thinking) = $0.stage.action { return thinking.paths > 1 }
        return $0.looksUp
      }
  }

  /// Finds who works together: fetches and the contexts after them, prefills and decodes.
  private static func join(
    _ parts: inout [Draft], _ graph: StageGraph, prefills: [Int?], _ scenario: Scenario
  ) throws(PipelineError) {
    for index in parts.indices {
      switch parts[index].stage.action {
      case .fetch, .prefetch:
        parts[index].contexts = parts.indices.filter {
          parts[$0].stage.action.computesContext && graph.stage($0, follows: index)
        }
        guard !parts[index].contexts.isEmpty else {
          throw .conflict(
            "stage '\(parts[index].stage.name)': no stage after it needs what it fetches")
        }
        for context in parts[index].contexts {
          parts[context].stores = scenario.stores(from: parts[index].pool)
        }
      case .decode:
        guard let prefill = prefills[index] else {
          throw .conflict("stage '\(parts[index].stage.name)': there is no 'prefill' for it")
        }
        parts[index].partner = prefill
        parts[prefill].partner = index
      case .process, .encode, .retrieve, .call, .prefill, .generate, .think: break
      }
    }
    for part in parts where part.stage.action == .prefill && part.partner < 0 {
      throw .conflict("stage '\(part.stage.name)': there is no 'decode' for it")
    }
  }
}

extension StageAction {
  /// Whether a language model computes a context.
  var computesContext: Bool {
    switch self {
    case .prefill, .generate, .think: true
    case .process, .encode, .retrieve, .call, .fetch, .prefetch, .decode: false
    }
  }
}

extension Thinking {
  /// Paths at the end: the product of ``branches``.
  var paths: Int { branches.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue } }
}

extension Scenario {
  /// The stores that are looked through from one on, nearest first.
  func stores(from pool: Int) -> [Int] {
    var found: [Int] = []
    var next: Int? = pool
    while let store = next, !found.contains(store) {
      found.append(store)
      next = nil
      if case .store(let service) = pools[store].service, let name = service.next {
        next = pools.firstIndex { $0.name == name }
      }
    }
    return found
  }
}
