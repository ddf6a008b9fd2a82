import RequestLogs
import Yams

extension Scenario {
  /// Reads a scenario from YAML.
  ///
  /// Every key must be known and within its bounds, and what the parts say about each other must fit
  /// (``firstConflict``); aliases and anchors are not taken. Names of models and devices are not looked
  /// up here.
  ///
  /// - Parameters:
  ///   - yaml: The text, at most 1 MiB.
  ///   - path: The file's path, for errors.
  ///   - seed: What all draws follow from instead of the text's `seed`.
  public init(
    yaml: String, path: String, seed given: UInt64? = nil
  ) throws(ScenarioError) {
    let root = try parse(yaml, what: "a scenario", path: path)
    let reader = try MappingReader(
      root, what: "a scenario", keys: ScenarioFormat.keys, path: path)
    _ = try reader.integer("version")
    var pools: [EnginePool] = []
    for node in try reader.list("engines") { pools.append(try EnginePool(node, path: path)) }
    var pipelines: [StagePipeline] = []
    for pipeline in try reader.mappings("pipelines", what: "a pipeline") {
      pipelines.append(try StagePipeline(pipeline))
    }
    self.init(name: try reader.text("name") ?? "", pools: pools, pipelines: pipelines)
    let costs = try reader.vectorSearch()
    for node in reader.has("indexes") ? try reader.list("indexes") : [] {
      indexes.append(try NamedIndex(node, costs: costs, path: path))
    }
    let links = try reader.mapping("network", what: "a network")
    for level in try links?.mappings("levels", what: "a level of the network") ?? [] {
      network.append(try NetworkLevel(level))
    }
    keyValueMode =
      try links?.choice("key_values").flatMap(KeyValueTransfer.Mode.init) ?? keyValueMode
    if let slo = try reader.mapping("slo", what: "an slo") {
      objectives = try LatencyObjectives(slo)
    }
    bytesPerToken = try reader.number("bytes_per_token") ?? bytesPerToken
    let written = try reader.integer("seed").map(UInt64.init)
    seed = given ?? written ?? seed
    if let requests = try reader.mapping("workload", what: "a workload") {
      workload = try SyntheticWorkload(requests, seed: seed)
    }
    if let conflict = firstConflict {
      throw ScenarioError(
        path: path, line: root.line(at: conflict.place), message: conflict.message)
    }
  }
}

extension Scenario {
  /// The line of a place in a scenario's text, from 1; of what is around it, where it is not given.
  public static func line(of place: [ScenarioConflict.Step], in yaml: String) -> Int {
    (try? parse(yaml, what: "a scenario", path: ""))?.line(at: place) ?? 1
  }
}

extension NetworkLevel {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      name: try reader.text("name") ?? "", members: try reader.integer("members") ?? 1,
      bandwidth: try reader.number("bandwidth_gb_s") ?? 0)
    latency = try reader.number("latency_us") ?? latency
    efficiency = try reader.number("efficiency") ?? efficiency
  }
}

extension LatencyObjectives {
  /// Reads objectives.
  init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      timeToFirstToken: try reader.number("ttft_ms") ?? 0,
      timePerOutputToken: try reader.number("tpot_ms") ?? 0)
    firstTokenFactors = try reader.numbers("ttft_factors") ?? firstTokenFactors
    outputTokenFactors = try reader.numbers("tpot_factors") ?? outputTokenFactors
  }
}

extension Node {
  /// The line of a place in the text, from 1; of what is around it, where it is not given.
  func line(at place: [ScenarioConflict.Step]) -> Int {
    var node = self
    var line = mark?.line ?? 1
    for step in place {
      let inner: Node?
      switch step {
      case .key(let key): inner = node.mapping?.first { $0.key.scalar?.string == key }?.value
      case .item(let index):
        inner = node.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil }
      }
      guard let inner else { return line }
      node = inner
      line = inner.mark?.line ?? line
    }
    return line
  }
}
