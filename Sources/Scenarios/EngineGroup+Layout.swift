public import Analytical

extension EngineGroup {
  /// How a copy of the model lies on devices: that of one engine, or, where experts are dealt out among the
  /// engines of a group in lockstep, one on all of them.
  public var layout: Parallelism {
    Parallelism(
      tensor: max(1, tensorParallel), pipeline: max(1, pipelineParallel),
      expert: max(1, expertParallel),
      data: dealsExpertsOut ? count : 1)
  }

  /// The types of the model's numbers.
  public var precision: Precision {
    var precision = Precision(serving: dataType)
    if let keyValueType { precision.keyValues = keyValueType }
    return precision
  }

  /// Whether the group's engines hold parts of one set of experts, and so exchange tokens in every layer.
  public var dealsExpertsOut: Bool { lockstep && count > 1 && expertParallel > 1 }

  /// Why the group's devices cannot deal experts out so, whatever the model, or nil.
  public var layoutConflict: (key: String, message: String)? {
    let ways = expertParallel
    guard ways > 1 else { return nil }
    func conflict(_ message: String) -> (key: String, message: String) {
      ("expert_parallel", "'expert_parallel' (\(ways)) " + message)
    }
    guard dealsExpertsOut else {
      if ways > tensorParallel {
        return conflict(
          "is more than an engine's \(tensorParallel) tensor-parallel devices; experts are dealt out "
            + "among several engines with 'data_parallel_lockstep: true' and a 'count'")
      }
      guard tensorParallel % ways == 0 else {
        return conflict("must divide an engine's \(tensorParallel) tensor-parallel devices")
      }
      return nil
    }
    let devices = tensorParallel * count
    guard devices % ways == 0, ways % count == 0 else {
      return conflict(
        "must be a multiple of the \(count) engines in lockstep that divides their \(devices) "
          + "tensor-parallel devices")
    }
    return nil
  }
}
