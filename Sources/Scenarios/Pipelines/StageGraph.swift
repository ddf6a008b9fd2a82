/// How the stages of a pipeline wait for each other, by their numbers in the text.
///
/// Stages only wait for stages above them, so that the order of the text is an order to do them in.
public struct StageGraph: Sendable, Hashable {
  /// For each stage those that must have ended, ascending; none where it begins with the request.
  public private(set) var parents: [[Int]]
  /// For each stage whether each one above it must have ended, by way of whatever others.
  private var ancestors: [[Bool]]

  /// Reads a pipeline; names in `after` that no stage above has are left out.
  ///
  /// - Complexity: O(s² · e) for s stages that wait for e others each.
  public init(_ stages: [Stage]) {
    parents = []
    ancestors = []
    for (index, stage) in stages.enumerated() {
      var waits = [Bool](repeating: false, count: index)
      if let names = stage.after {
        parents.append(stages.indices[..<index].filter { names.contains(stages[$0].name) })
      } else {
        parents.append(index == 0 ? [] : [index - 1])
      }
      for parent in parents[index] {
        waits[parent] = true
        for above in 0..<parent where ancestors[parent][above] { waits[above] = true }
      }
      ancestors.append(waits)
    }
  }

  /// Whether one stage begins only when the other has ended.
  public func stage(_ later: Int, follows earlier: Int) -> Bool {
    earlier < later && ancestors[later][earlier]
  }
}

extension Scenario {
  /// For each stage of a pipeline that decodes the one that computes its prompt: of those that it follows
  /// with its model the one that no decode before it has taken. Nil for other stages, and where that is
  /// not exactly one.
  public func prefills(of pipeline: StagePipeline) -> [Int?] {
    let stages = pipeline.stages
    let graph = StageGraph(stages)
    let models = stages.map { model(of: $0.pool) }
    var taken = [Bool](repeating: false, count: stages.count)
    return stages.indices.map { index in
      guard stages[index].action == .decode, let model = models[index] else { return nil }
      let open = (0..<index).filter {
        stages[$0].action == .prefill && models[$0] == model && !taken[$0]
          && graph.stage(index, follows: $0)
      }
      guard open.count == 1 else { return nil }
      taken[open[0]] = true
      return open[0]
    }
  }

  /// The model of a pool of language models.
  private func model(of pool: String) -> String? {
    guard case .model(let service) = pools.first(where: { $0.name == pool })?.service else {
      return nil
    }
    return service.model
  }
}
