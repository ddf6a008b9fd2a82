import ArgumentParser
import Reprise

/// A scenario's file, and what it is resolved with.
struct ScenarioOptions: ParsableArguments {
  @Argument(help: "The scenario: a YAML file (see docs/pipelines.md).", completion: .file())
  var scenario: String

  init() {}

  init(path: String) { scenario = path }

  /// Reads the file, once: what it says, its text, and what a result tells of it.
  ///
  /// - Parameter seed: what is drawn follows from it instead of the file's.
  func read(
    seed: UInt64?
  ) throws -> (scenario: Scenario, text: String, input: ResultFile.Input) {
    let file = try smallFile(scenario, as: "scenario")
    let text = String(decoding: file.bytes, as: UTF8.self)
    return (try Scenario(yaml: text, path: scenario, seed: seed), text, file.input)
  }

  private var folder: String { RepriseCommand.folder(of: scenario) }

  /// Resolves models, devices and searches.
  ///
  /// - Parameters:
  ///   - text: what it was read from, for the lines of errors.
  ///   - store: what was measured; nil for none, so that steps cost their roofline.
  func resolve(
    _ scenario: Scenario, readFrom text: String, from store: OperatorStore?
  ) throws -> ResolvedScenario {
    var resolved = ResolvedScenario(plan: ScenarioPlan(scenario: scenario, pools: []))
    var searching: [String: Device] = [:]
    // Like engines of several pools cost the same: their prices are compiled once.
    var known: [ModelService: EnginePlan] = [:]
    for (index, pool) in scenario.pools.enumerated() {
      let place = PoolPlace(path: self.scenario, text: text, pool: pool.name, index: index)
      switch pool.service {
      case .model(let service):
        var like = service
        like.group.name = ""
        let plan = try known[like] ?? enginePlan(at: place, service, from: store)
        known[like] = plan
        var prices = PoolPlan(pool, plan)
        prices.group?.name = pool.name
        resolved.add(prices, "\(pool.name): \(plan.prices)")
        resolved.warnings += plan.warnings.filter { !resolved.warnings.contains($0) }
      case .encoder(let service):
        let (model, device) = try modelAndDevice(at: place, service.model, on: service.device)
        let asked = model.askedOperators(Precision(serving: service.dataType))
        let known =
          try store?.evidence(for: asked, on: device, by: nil) ?? (curves: [], relatives: [])
        resolved.add(
          try PoolPlan(
            pool, service, model, on: device, curves: known.curves, relatives: known.relatives),
          "\(pool.name): passes of \(model.name) on \(device.name), \(counted(known.curves.count, "curve"))"
        )
        if known.curves.isEmpty {
          resolved.warnings.append(
            "\(pool.name): no measurements of \(device.name): passes cost their roofline")
        }
      case .searcher(let service):
        let device = try named(in: place.of("device")) {
          try dataSheet(named: service.device, beside: folder)
        }
        searching[pool.name] = device
        let isMeasured = scenario.placedSearches.filter { $0.pool == pool.name }
          .allSatisfy { scenario.coefficients(of: $0) != nil }
        resolved.add(
          PoolPlan(pool, searchingOn: device),
          "\(pool.name): searches on \(device.name) cost "
            + (isMeasured
              ? "what the scenario's 'vector_search' measured there"
              : "their roofline, a launch a phase at the least"))
        if !isMeasured {
          resolved.warnings.append(
            "\(pool.name): no measurements of searches on \(device.name): they cost their roofline, which is "
              + "a lower bound; its 'vector_search' takes what 'reprise fit-index' fits")
        }
      case .processors, .store, .external: resolved.add(PoolPlan(pool), nil)
      }
    }
    resolved.plan.searches = try named(in: self.scenario) {
      try scenario.searchCosts(on: searching)
    }
    return resolved
  }

  private func enginePlan(
    at place: PoolPlace, _ service: ModelService, from store: OperatorStore?
  ) throws -> EnginePlan {
    let (model, device) = try modelAndDevice(
      at: place, service.model, on: service.group.device)
    let known =
      try store?.evidence(for: service.group, serving: model, on: device) ?? (
        curves: [], relatives: []
      )
    let key = StoredCalibration.Deployment(service.group, model, on: device)
    return try EnginePlan(
      service.group, model, on: device, curves: known.curves, relatives: known.relatives,
      calibration: try store?.calibration(of: key))
  }

  private func modelAndDevice(
    at place: PoolPlace, _ name: String, on deviceName: String
  ) throws -> (ModelArchitecture, Device) {
    (
      try named(in: place.of("model")) { try modelArchitecture(named: name, beside: folder) },
      try named(in: place.of("device")) { try dataSheet(named: deviceName, beside: folder) }
    )
  }
}

/// Where a pool of engines stands in a scenario's file.
private struct PoolPlace {
  let path: String
  let text: String
  let pool: String
  let index: Int

  /// One of its keys, as errors begin.
  func of(_ key: String) -> String {
    let line = Scenario.line(of: [.key("engines"), .item(index), .key(key)], in: text)
    return "\(path):\(line): engines '\(pool)'"
  }
}

/// A scenario that can be replayed.
struct ResolvedScenario {
  var plan: ScenarioPlan
  /// What prices come from, a line a pool.
  var prices: [String] = []
  /// What a user should know before believing them.
  var warnings: [String] = []

  mutating func add(_ pool: PoolPlan, _ line: String?) {
    plan.pools.append(pool)
    if let line { prices.append(line) }
  }

  /// Notes what of a replay is not as a user would expect.
  mutating func warn(of result: PipelineResult) {
    if result.isCut { warnings.append("the replay was stopped before its end") }
    let (rejected, arrivals) = (result.rejected - result.withoutPipeline, result.arrivals)
    if rejected > 0 {
      warnings.append(
        "\(rejected) of \(arrivals) requests were rejected: without a token, or longer than 'max_model_len' "
          + "or than an engine's memory")
    }
    if result.withoutPipeline > 0 {
      warnings.append(
        "\(result.withoutPipeline) of \(arrivals) requests were rejected: there is no pipeline for their class; one "
          + "without 'class' takes all others")
    }
    if result.cancelledInLog > 0 {
      warnings.append(
        "clients gave up \(result.cancelledInLog) of \(arrivals) requests in the log, which are served to their end here; "
          + "'reprise replay' lets them go")
    }
    if result.unfinished > 0, !result.isCut {
      warnings.append(
        "\(result.unfinished) of \(result.arrivals) requests never ended: engines or memory that they "
          + "need never came, as after outages without 'for_s'")
    }
  }
}
