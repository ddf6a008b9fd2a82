import Analytical
import Operators
import Yams

extension EnginePool {
  /// Reads a pool of engines.
  init(_ node: Node, path: String) throws(ScenarioError) {
    let (kind, reader) = try PoolKind.read(
      node, what: "a pool of engines", default: .model, path: path)
    self.init(
      name: try reader.text("name") ?? "", count: try reader.integer("count") ?? 1,
      service: try Service(kind, reader))
    routing = try reader.mapping("routing", what: "a routing").map(PoolRouting.init) ?? routing
    firstPlace = try reader.integer("first_place")
    pricePerHour = try reader.number("price_per_hour")
    busyWatts = try reader.number("busy_watts")
    idleWatts = try reader.number("idle_watts")
    for outage in try reader.mappings("outages", what: "an outage") {
      outages.append(
        Outage(
          engine: try outage.integer("engine") ?? 0, start: try outage.number("at_s") ?? 0,
          duration: try outage.number("for_s")))
    }
    scaling = try reader.mapping("scaling", what: "a scaling").map(Scaling.init)
    admission = try reader.mapping("admission", what: "an admission").map(Admission.init)
  }
}

extension EnginePool.Service {
  fileprivate init(_ kind: PoolKind, _ reader: MappingReader) throws(ScenarioError) {
    switch kind {
    case .model:
      var group = try EngineGroup(reader)
      // How many there are is the pool's affair, but of ranks in lockstep, which may share experts.
      if !group.lockstep { group.count = 1 }
      self = .model(
        ModelService(
          model: try reader.text("model") ?? "", group: group,
          collectives: try reader.text("collectives")))
    case .encoder: self = .encoder(try EncoderService(reader))
    case .processors:
      self = .processors(
        ProcessorService(
          cores: try reader.integer("cores") ?? 1,
          memoryBandwidth: try reader.number("memory_bandwidth_gb_s") ?? 0,
          memory: try reader.number("memory_gb")))
    case .searcher:
      let costs = try reader.vectorSearch(of: [.quantized, .flat])
      self = .searcher(
        SearchService(
          device: try reader.text("device") ?? "", quantized: costs[.quantized], flat: costs[.flat])
      )
    case .store: self = .store(try StoreService(reader))
    case .external:
      self = .external(ExternalService(concurrency: try reader.integer("concurrency")))
    }
  }
}

extension EncoderService {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(model: try reader.text("model") ?? "", device: try reader.text("device") ?? "")
    tensorParallel = try reader.integer("tensor_parallel") ?? tensorParallel
    dataType = try reader.choice("data_type").flatMap(DataType.init) ?? dataType
    maxBatch = try reader.integer("max_batch") ?? maxBatch
    maxBatchTokens = try reader.integer("max_batch_tokens") ?? maxBatchTokens
  }
}

extension StoreService {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    var points: [StorageCurve.Point] = []
    for point in try reader.mappings("curve", what: "a point of a curve") {
      points.append(
        StorageCurve.Point(
          bytes: try point.number("bytes") ?? 0, seconds: (try point.number("time_us") ?? 0) / 1e6))
    }
    let curve = StorageCurve(points)
    guard let bandwidth = try reader.number("bandwidth_gb_s") ?? curve.map({ $0.peakRate / 1e9 })
    else {
      throw ScenarioError(
        path: reader.path, line: reader.line, message: "a store needs 'bandwidth_gb_s' or 'curve'")
    }
    self.init(bandwidth: bandwidth, curve: curve)
    capacity = try reader.number("capacity_gb")
    latency = try reader.number("latency_us") ?? latency
    enginesPerInstance = try reader.integer("engines_per_instance")
    hitRate = try reader.number("hit_rate")
    eviction = try reader.choice("eviction").flatMap(Eviction.init) ?? eviction
    next = try reader.text("next")
    writesBack = try reader.boolean("write_back") ?? writesBack
    writeBuffer = try reader.number("write_buffer_gb") ?? writeBuffer
    if reader.has("eviction"), capacity == nil || hitRate != nil {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "eviction"),
        message: "'eviction' has no effect "
          + (hitRate == nil ? "without 'capacity_gb'" : "beside 'hit_rate'; leave one of them out"))
    }
  }
}

extension PoolRouting {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init()
    policy = try reader.choice("policy").flatMap(Policy.init) ?? policy
    heavyInput = try reader.integer("heavy_input") ?? heavyInput
    heavyOutput = try reader.integer("heavy_output") ?? heavyOutput
    heavyEngines = try reader.integer("heavy_engines")
    loadWeight = try reader.number("load_weight") ?? loadWeight
    for (key, only) in ScenarioFormat.routingPolicies where reader.has(key) && policy != only {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: key),
        message: "'\(key)' has no effect without 'policy: \(only.rawValue)'")
    }
  }
}

extension Scaling {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      minimum: try reader.integer("min_engines") ?? 1, upper: try reader.number("up_at") ?? 0,
      lower: try reader.number("down_at") ?? 0, interval: try reader.number("interval_s") ?? 0,
      startup: try reader.number("startup_s") ?? 0)
  }
}

extension Admission {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      maxOutstanding: try reader.integer("max_outstanding"),
      maxWait: try reader.number("max_wait_s"))
  }
}
