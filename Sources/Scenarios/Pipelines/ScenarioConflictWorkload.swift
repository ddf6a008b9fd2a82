import Operators
import RequestLogs

extension Scenario {
  /// About the workload.
  var workloadConflict: ScenarioConflict? {
    guard let workload else { return nil }
    return (workload.conflict ?? workload.classConflict(pipelines))?.under("workload")
  }
}

extension SyntheticWorkload {
  /// What is out of bounds or does not fit together, or nil.
  var conflict: ScenarioConflict? {
    if let found = WorkloadFormat.keys.firstOutOfBounds([
      "requests": count.map(Double.init), "for_s": duration?.seconds,
      "tokens_per_content_name": Double(tokensPerContentName),
    ]) {
      return ScenarioConflict(found)
    }
    guard count != nil || duration != nil else {
      return ScenarioConflict(
        "requests", "a workload needs 'requests', 'for_s' or both: when it ends")
    }
    guard !streams.isEmpty else {
      return ScenarioConflict("streams", "a workload needs 'streams', 'mixtures' or both")
    }
    if let conflict = countConflict(streams.count, of: "streams", in: WorkloadFormat.keys)
      ?? arrivals?.conflict.map({ $0.under("arrivals") })
    {
      return conflict
    }
    var names: Set<String> = []
    for (index, stream) in streams.enumerated() {
      let double =
        names.insert(stream.name).inserted
        ? doubleConflict([stream.name], 0) : doubleConflict([stream.name, stream.name], 1)
      if let conflict = double ?? stream.conflict(arrivals != nil) {
        return conflict.under("streams", index)
      }
    }
    guard arrivals == nil || streams.contains(where: \.hasShare) else {
      return ScenarioConflict(
        "arrivals", "no stream has a 'share' of the workload's 'arrivals'; give one, or leave them")
    }
    return partConflict("streams") { () throws(RequestLogError) in try validate() }
  }

  /// About requests that no pipeline takes.
  fileprivate func classConflict(_ pipelines: [StagePipeline]) -> ScenarioConflict? {
    let classes = pipelines.compactMap(\.requestClass)
    guard classes.count == pipelines.count else { return nil }
    let known = Set(classes)
    for (index, stream) in streams.enumerated() {
      let name = stream.requestClass ?? stream.name
      guard !known.contains(name) else { continue }
      return ScenarioConflict(
        stream.requestClass == nil ? "name" : "class",
        unknownName(name, what: "pipeline for class", among: classes)
      ).under("streams", index)
    }
    return nil
  }
}

extension ClientStream {
  fileprivate var hasShare: Bool { if case .share = load { true } else { false } }

  /// What is out of bounds or does not go together, or nil.
  ///
  /// - Parameter canShare: whether there are arrivals to have a share of.
  fileprivate func conflict(_ canShare: Bool) -> ScenarioConflict? {
    if let found = WorkloadFormat.streamKeys.firstOutOfBounds(["priority": Double(priority)]) {
      return ScenarioConflict(found)
    }
    if let name = requestClass, name.isEmpty || name.unicodeScalars.count > 256 {
      return ScenarioConflict("class", "'class' is text of 1 to 256 characters")
    }
    switch load {
    case .arrivals(let process):
      if let conflict = process.conflict { return conflict.under("arrivals") }
    case .share(let share):
      if let found = WorkloadFormat.streamKeys.firstOutOfBounds(["share": share]) {
        return ScenarioConflict(found)
      }
      guard canShare else {
        return ScenarioConflict(
          "share", "'share' is of the workload's 'arrivals', and it has none; give them")
      }
    }
    return input.conflict?.under("input") ?? output.conflict?.under("output")
      ?? prefixes?.conflict?.under("prefixes") ?? sessions?.conflict?.under("sessions")
  }
}

extension SharedPrefixes {
  fileprivate var conflict: ScenarioConflict? {
    WorkloadFormat.prefixKeys.firstOutOfBounds([
      "count": Double(count), "tokens": Double(tokens), "exponent": exponent,
    ]).map(ScenarioConflict.init)
  }
}

extension SessionShape {
  fileprivate var conflict: ScenarioConflict? {
    WorkloadFormat.sessionKeys.firstOutOfBounds([
      "mean_turns": meanTurns, "mean_think_s": meanThinkTime,
      "max_context": Double(maximumContext),
    ]).map(ScenarioConflict.init) ?? thinkTimes.conflict?.under("think")
  }
}

extension ArrivalProcess {
  fileprivate var conflict: ScenarioConflict? {
    let keys = form.keys
    let found: ScenarioConflict?
    switch self {
    case .renewal(let rate, let gaps):
      found =
        keys.firstOutOfBounds(["rate": rate]).map(ScenarioConflict.init) ?? gaps.conflict
    case .markovModulated(let states):
      found =
        countConflict(states.count, of: "states", in: keys)
        ?? firstConflict(states, "states") { state in
          WorkloadFormat.stateKeys.firstOutOfBounds([
            "rate": state.rate, "dwell_s": state.meanDwell,
          ]).map(ScenarioConflict.init)
        }
    case .diurnal(let rate, let amplitude, let period, let phase):
      found = keys.firstOutOfBounds([
        "rate": rate, "amplitude": amplitude, "period_s": period, "phase": phase,
      ]).map(ScenarioConflict.init)
    case .sineFourth(let rate, let period):
      found = keys.firstOutOfBounds(["rate": rate, "period_s": period]).map(ScenarioConflict.init)
    case .windows(let windows, _):
      found =
        countConflict(windows.count, of: "windows", in: keys)
        ?? firstConflict(windows, "windows") { window in
          WorkloadFormat.windowKeys.firstOutOfBounds([
            "for_s": window.duration, "rate": window.rate,
          ]).map(ScenarioConflict.init) ?? window.gaps.conflict?.under("gaps")
        }
    }
    // What several numbers say together: the rate of all states, requests a period, ...
    return found ?? partConflict("kind") { () throws(RequestLogError) in try validate() }
  }
}

extension GapDistribution {
  fileprivate var conflict: ScenarioConflict? {
    switch self {
    case .constant, .exponential: nil
    case .normal(let variation), .gamma(let variation):
      form.keys.firstOutOfBounds(["cv": variation]).map(ScenarioConflict.init)
    case .weibull(let shape):
      form.keys.firstOutOfBounds(["shape": shape]).map(ScenarioConflict.init)
    }
  }
}

extension LengthDistribution {
  fileprivate var conflict: ScenarioConflict? {
    let keys = form.keys
    let found: ScenarioConflict?
    switch self {
    case .constant(let tokens):
      found = keys.firstOutOfBounds(["tokens": Double(tokens)]).map(ScenarioConflict.init)
    case .uniform(let minimum, let maximum): found = keys.conflict(minimum, maximum)
    case .normal(let mean, let variation, let maximum),
      .logNormal(let mean, let variation, let maximum):
      found = keys.firstOutOfBounds(["mean": mean, "cv": variation, "max": Double(maximum)])
        .map(ScenarioConflict.init)
    case .zipf(let minimum, let maximum, let exponent):
      found =
        keys.firstOutOfBounds(["exponent": exponent]).map(ScenarioConflict.init)
        ?? keys.conflict(minimum, maximum)
    case .pareto(let minimum, let maximum, let shape):
      found =
        keys.firstOutOfBounds(["shape": shape]).map(ScenarioConflict.init)
        ?? keys.conflict(minimum, maximum)
    case .empirical(let lengths):
      found =
        keys.conflict(lengths.map { Double($0.tokens) }, "tokens")
        ?? keys.conflict(lengths.map(\.weight), "weights")
    }
    return found ?? partConflict("kind") { () throws(RequestLogError) in try validate() }
  }
}

extension [FormatKey] {
  /// About the shortest and the longest length.
  fileprivate func conflict(_ minimum: Int, _ maximum: Int) -> ScenarioConflict? {
    if let found = firstOutOfBounds(["min": Double(minimum), "max": Double(maximum)]) {
      return ScenarioConflict(found)
    }
    return minimum <= maximum
      ? nil : ScenarioConflict("max", "'max' is at least 'min' (\(minimum))")
  }

  /// About a list of numbers.
  fileprivate func conflict(_ values: [Double], _ name: String) -> ScenarioConflict? {
    guard let kind = named(name)?.kind else { return nil }
    let counts: ClosedRange<Int>
    switch kind {
    case .numbers(_, let range): counts = range
    case .integers(_, let most): counts = 1...most
    default: return nil
    }
    return counts.contains(values.count) && values.allSatisfy(kind.allows)
      ? nil : ScenarioConflict(name, "'\(name)' \(kind.numberRule)")
  }
}

/// The first conflict of a list's items, with its place.
private func firstConflict<Item>(
  _ items: [Item], _ key: String, _ conflict: (Item) -> ScenarioConflict?
) -> ScenarioConflict? {
  for (index, item) in items.enumerated() {
    if let found = conflict(item) { return found.under(key, index) }
  }
  return nil
}

/// What a check says about several numbers together, where each is within its bounds; or nil.
private func partConflict(
  _ key: String, _ check: () throws(RequestLogError) -> Void
) -> ScenarioConflict? {
  do throws(RequestLogError) {
    try check()
    return nil
  } catch .badParameter(let name, let value, let expected) {
    return ScenarioConflict(key, "\(name): \(value) cannot be; give \(expected)")
  } catch {
    return ScenarioConflict(key, "\(error)")
  }
}
