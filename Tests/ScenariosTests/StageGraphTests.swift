import Operators
import Testing

@testable import Scenarios

@Suite struct StageGraphTests {
  /// Whether a walk from one stage along `after` comes to another.
  private func reaches(_ from: Int, _ to: Int, _ stages: [Stage]) -> Bool {
    let names = stages[from].after ?? (from == 0 ? [] : [stages[from - 1].name])
    return stages.indices.contains { index in
      names.contains(stages[index].name) && (index == to || reaches(index, to, stages))
    }
  }

  @Test("One stage follows another where a walk along 'after' comes to it", arguments: 0..<50)
  func follows(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    var stages: [Stage] = []
    for index in 0..<Int.random(in: 1...10, using: &generator) {
      let after: [String]? =
        Bool.random(using: &generator)
        ? nil
        : (0..<index).filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }.map { "s\($0)" }
          .shuffled(using: &generator)
      stages.append(Stage(name: "s\(index)", action: .generate, pool: "p", after: after))
    }
    let graph = StageGraph(stages)
    for later in stages.indices {
      for earlier in stages.indices {
        #expect(graph.stage(later, follows: earlier) == reaches(later, earlier, stages))
      }
      #expect(graph.parents[later] == graph.parents[later].sorted())
    }
  }

  /// Prompts and answers of two models, in two forks and twice in one.
  @Test("Each decode goes on with the one prefill of its model that is open")
  func prefills() {
    func pool(_ name: String, _ model: String) -> EnginePool {
      let group = EngineGroup(name: name, device: "d", maxModelLength: 9)
      return EnginePool(name: name, service: .model(ModelService(model: model, group: group)))
    }
    func stage(_ name: String, _ action: StageAction, _ pool: String, _ after: [String]? = nil)
      -> Stage
    {
      Stage(name: name, action: action, pool: pool, after: after)
    }
    let pipeline = StagePipeline(
      name: "p",
      stages: [
        stage("0", .prefill, "a"), stage("1", .prefill, "b", ["0"]),
        stage("2", .decode, "c", ["1"]), stage("3", .prefill, "a", ["2"]),
        stage("4", .decode, "d", ["1"]), stage("5", .decode, "c", ["3", "4"]),
      ])
    var scenario = Scenario(
      name: "n", pools: [pool("a", "x"), pool("b", "y"), pool("c", "x"), pool("d", "y")],
      pipelines: [pipeline])
    #expect(scenario.prefills(of: pipeline) == [nil, nil, 0, nil, 1, 3])
    #expect(scenario.firstConflict == nil)
    // The second prompt of model x may now be computed before the first answer is: which one is decoded?
    scenario.pipelines[0].stages[3].after = ["1"]
    scenario.pipelines[0].stages[2].after = ["3"]
    #expect(
      scenario.firstConflict?.description.hasPrefix("pipelines[0].stages[2].after") == true)
    scenario.pipelines[0].stages.swapAt(2, 3)
    #expect(scenario.firstConflict?.description.hasPrefix("pipelines[0].stages[3].do") == true)
  }
}
