import Operators
import RequestLogs
import Yams

extension SearchSpace {
  /// Reads a search from YAML.
  ///
  /// Every key must be known and within its bounds; aliases and anchors are not taken. Settings of an engine that
  /// cannot be had together are no mistake of the file but choices that a search leaves out, and says so.
  ///
  /// - Parameters:
  ///   - yaml: The text, at most 1 MiB.
  ///   - path: The file's path, for errors.
  public init(yaml: String, path: String) throws(ScenarioError) {
    let root = try parse(yaml, what: "a search", path: path)
    let reader = try MappingReader(
      root, what: "a search", keys: SearchFormat.keys, path: path)
    _ = try reader.integer("version")
    guard let engine = try reader.mapping("engine", what: "an engine"),
      let slo = try reader.mapping("slo", what: "an slo")
    else { throw reader.error("engine", "is needed, with 'slo'") }
    self.init(
      name: try reader.text("name") ?? "", model: try reader.text("model") ?? "", devices: [],
      engines: try engine.engineChoices(), objectives: try LatencyObjectives(slo))
    for device in try reader.mappings("devices", what: "a kind of device") {
      devices.append(try SearchDevice(device, after: devices))
    }
    replicas = try reader.integerChoices("replicas") ?? replicas
    routings = try reader.textChoices("routing")?.compactMap(Routing.init) ?? routings
    split = try reader.mapping("split", what: "a 'split'").map {
      reader throws(ScenarioError) in try SplitSpace(reader, engine: engine)
    }
    mixesDevices = try reader.boolean("mix_devices") ?? mixesDevices
    if mixesDevices, devices.count < 2 {
      throw reader.error("mix_devices", "needs two kinds of 'devices'")
    }
    if let limits = try reader.mapping("budget", what: "a budget") {
      budget.devices = try limits.integer("devices")
      budget.pricePerHour = try limits.number("price_per_hour")
    }
    objective = try reader.choice("objective").flatMap(SearchObjective.init) ?? objective
    seed = try reader.integer("seed").map(UInt64.init) ?? seed
    workload = try reader.mapping("workload", what: "a workload").map {
      reader throws(ScenarioError) in try SyntheticWorkload(reader, seed: seed)
    }
    if let conflict = objectives.conflict?.under("slo") ?? workload?.conflict?.under("workload") {
      throw ScenarioError(
        path: path, line: root.line(at: conflict.place), message: conflict.message)
    }
    guard designCount <= Self.maxDesigns else {
      throw reader.error(
        "engine", "and the rest make more than \(Self.maxDesigns) designs; give fewer choices")
    }
  }
}

extension SearchDevice {
  fileprivate init(_ reader: MappingReader, after others: [Self]) throws(ScenarioError) {
    self.init(
      device: try reader.text("device") ?? "", count: try reader.integer("count") ?? 1,
      pricePerHour: try reader.number("price_per_hour"), perNode: try reader.integer("per_node"))
    if others.contains(where: { $0.device == device }) {
      throw reader.error("device", "is given once, with the 'count' of all")
    }
  }
}

extension SplitSpace {
  fileprivate init(_ reader: MappingReader, engine: MappingReader) throws(ScenarioError) {
    func side(_ role: EngineRole) throws(ScenarioError) -> Side {
      guard let own = try reader.mapping(role.rawValue, what: "a '\(role.rawValue)'") else {
        return Side(engines: [], replicas: [])
      }
      return Side(
        engines: try own.engineChoices(besides: engine, role: role),
        replicas: try own.integerChoices("replicas") ?? [1])
    }
    guard let links = try reader.mapping("transfer", what: "a transfer") else {
      throw reader.error("transfer", "is needed")
    }
    self.init(
      prefill: try side(.prefill), decode: try side(.decode), transfer: try KeyValueTransfer(links))
    decodePool = try reader.choice("decode_pool").flatMap(DecodePool.init) ?? decodePool
    conversionQueue = try reader.integer("convert_at_waiting")
  }
}

// MARK: - Choices

extension MappingReader {
  /// The values of a key of ``FormatKey/Kind/choices(_:maxCount:)``, each with a reader that knows it alone.
  private func choices(_ name: String) throws(ScenarioError) -> [MappingReader]? {
    guard let node = node(name), case .choices(let kind, let most) = kind(name) else { return nil }
    let items = node.sequence.map { Array($0) } ?? [node]
    guard (1...most).contains(items.count) else {
      throw error(name, "is one value, or a list of 1 to \(most)")
    }
    var readers: [MappingReader] = []
    var seen: [String] = []
    for item in items {
      if let text = item.scalar?.string {
        guard !seen.contains(text) else {
          throw ScenarioError(
            path: path, line: item.mark?.line ?? line(of: name),
            message: "'\(name)' has the choice \(text.prefix(64)) twice")
        }
        seen.append(text)
      }
      readers.append(
        try MappingReader(
          Node.mapping(Node.Mapping([(Node(name), item)], .implicit, .any, item.mark ?? node.mark)),
          what: "a choice", keys: [FormatKey(name: name, kind: kind)], path: path))
    }
    return readers
  }

  /// The whole numbers to choose from.
  fileprivate func integerChoices(_ name: String) throws(ScenarioError) -> [Int]? {
    guard let readers = try choices(name) else { return nil }
    var values: [Int] = []
    for reader in readers { if let value = try reader.integer(name) { values.append(value) } }
    return values
  }

  /// The words to choose from.
  fileprivate func textChoices(_ name: String) throws(ScenarioError) -> [String]? {
    guard let readers = try choices(name) else { return nil }
    var values: [String] = []
    for reader in readers { if let value = try reader.choice(name) { values.append(value) } }
    return values
  }

  /// Every engine that the values of this mapping's keys make, in the order of the keys of a deployment; the last
  /// one's values change first.
  ///
  /// - Parameters:
  ///   - other: Where the keys are that this mapping does not have; nil for nowhere.
  ///   - role: What the engines compute.
  fileprivate func engineChoices(
    besides other: MappingReader? = nil, role: EngineRole = .both
  ) throws(ScenarioError) -> [EngineChoice] {
    var settings: [[(key: String, value: Node)]] = [[]]
    var chosen: Set<String> = []
    for key in SearchFormat.engineKeys {
      let owner = has(key.name) ? self : other ?? self
      guard let node = owner.node(key.name) else { continue }
      var values = [node]
      if case .choices = key.kind {
        guard let readers = try owner.choices(key.name) else { continue }
        values = []
        for reader in readers {
          try reader.check(key.name)
          values.append(contentsOf: [reader.node(key.name)].compactMap(\.self))
        }
        if values.count > 1 { chosen.insert(key.name) }
      } else {
        _ = try owner.ascending(key.name)
      }
      guard settings.count * values.count <= SearchSpace.maxEngines else {
        throw ScenarioError(
          path: path, line: line,
          message: "these choices make more than \(SearchSpace.maxEngines) engines; give fewer")
      }
      settings = settings.flatMap { setting in values.map { setting + [(key.name, $0)] } }
    }
    var found: [EngineChoice] = []
    for setting in settings {
      var choice = try engine(setting, role)
      choice.settings = setting.filter { chosen.contains($0.key) }.map {
        EngineChoice.Setting(key: $0.key, value: $0.value.scalar?.string ?? "")
      }
      found.append(choice)
    }
    return found
  }

  /// One engine; a fault where its settings cannot be had together.
  private func engine(
    _ settings: [(key: String, value: Node)], _ role: EngineRole
  ) throws(ScenarioError) -> EngineChoice {
    let node = Node.mapping(
      Node.Mapping(settings.map { (Node($0.key), $0.value) }, .implicit, .any, nil))
    let reader = try MappingReader(
      node, what: "an engine",
      keys: DeploymentFormat.engineKeys.filter { $0.name != "name" && $0.name != "device" },
      path: path)
    do throws(ScenarioError) {
      var group = try EngineGroup(reader)
      group.role = role
      return EngineChoice(group, fault: group.conflict?.message)
    } catch {
      // Each value was good by itself.
      return EngineChoice(
        EngineGroup(name: "", device: "", maxModelLength: 2), fault: error.message)
    }
  }

  /// Reads a value of any kind that an engine's key has, for its error.
  private func check(_ name: String) throws(ScenarioError) {
    switch kind(name) {
    case .integer: _ = try integer(name)
    case .number, .amount: _ = try number(name)
    case .boolean: _ = try boolean(name)
    case .choice: _ = try choice(name)
    default: break
    }
  }
}
