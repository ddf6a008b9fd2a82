import Replay
import Scenarios
public import Search

extension DesignSearch {
  /// A design in words: `4 × h100-sxm TP 2, max_num_seqs 64; least-loaded`.
  public func text(of number: Int) -> String {
    let design = designs[number]
    let combination = combinations[design.combination]
    let parts = zip(combination.kinds, design.counts).enumerated().map { place, part in
      let kind = kinds[part.0]
      let role = combination.arrangement == .split ? [place == 0 ? "prefill" : "decode"] : []
      return
        (role + ["\(part.1) × \(kind.layout) \(space.devices[kind.device].device)"]
        + kind.settings).joined(separator: ", ").replacing("prefill, ", with: "prefill ")
        .replacing("decode, ", with: "decode ")
    }
    return parts.joined(separator: " + ") + routing(of: design)
  }

  private func routing(of design: Design) -> String {
    // A single engine gets all requests.
    space.routings.count > 1 && design.counts.reduce(0, +) > 1
      ? "; \(design.routing.rawValue)" : ""
  }
}

extension EngineKind {
  /// How an engine's devices share the model.
  var layout: String {
    let ways = [("EP", choice.group.expertParallel), ("PP", choice.group.pipelineParallel)]
    return ways.filter { $0.1 > 1 }.reduce("TP \(choice.group.tensorParallel)") {
      "\($0) × \($1.0) \($1.1)"
    }
  }

  /// What else was chosen, in the file's words.
  var settings: [String] {
    let layout = ["tensor_parallel", "expert_parallel", "pipeline_parallel"]
    return choice.settings.filter { !layout.contains($0.key) }.map { "\($0.key) \($0.value)" }
  }
}

extension Pruning.Reason {
  /// What designs are left out for, in a few words.
  var sentence: String {
    switch self {
    case .settings: "settings that cannot be had together"
    case .layout: "layouts that the model or a node does not allow"
    case .memory: "the model does not fit into memory"
    case .devices: "more devices than there are"
    case .price: "more dollars than the budget"
    case .rejections: "requests too long for the engines"
    case .ttft: "first tokens too late, even alone"
    case .tpot: "tokens too slow, even alone"
    case .throughput: "too few engines for the work"
    case .dominated: "a cheaper design is as good"
    case .stopped: "not looked at: the search was stopped"
    }
  }
}
