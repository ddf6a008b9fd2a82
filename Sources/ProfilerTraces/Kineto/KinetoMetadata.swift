import TraceIO

/// What the trace says about itself beside its events.
struct KinetoMetadata {
  var devices: [(id: Int64, name: String)] = []
  var details: [String: String] = [:]
  /// Nanoseconds since the epoch that all time stamps count from, if the trace says.
  var baseTime: Int64?
  var worldSize: Int?
  /// Whether the categories are those of 2021.
  var hasCategoriesOf2021 = false
  /// Whether any time stamp has a fraction of a microsecond.
  var hasFractions = false

  /// The generation of the format.
  var era: String {
    if hasCategoriesOf2021 { return "2021" }
    if !hasFractions { return "microseconds" }
    return baseTime == nil ? "absolute nanoseconds" : "relative nanoseconds"
  }
}

extension KinetoMetadata {
  /// The members that are kept as they are; all others may hold private facts, and are skipped.
  private static let kept = [
    "schemaVersion", "cuda_runtime_version", "cuda_driver_version", "hip_runtime_version",
    "hip_driver_version", "cupti_version", "roctracer_version",
  ]
  private static let members = JSONKeys(
    ["deviceProperties", "distributedInfo", "baseTimeNanoseconds"] + kept)

  /// Reads the value of the current key.
  mutating func readMember(_ scanner: inout JSONScanner) throws(TraceIOError) {
    let index = scanner.index(in: Self.members)
    let token = try scanner.next()
    switch (index, token) {
    case (0, .arrayStart): try readDevices(&scanner)
    case (1, .objectStart): try readDistribution(&scanner)
    case (2, .number), (2, .string): baseTime = scanner.integer()
    case (3..., .number), (3..., .string): details[Self.kept[index - 3]] = scanner.string().asFact
    default: try scanner.skipValue(of: token)
    }
  }

  private mutating func readDevices(_ scanner: inout JSONScanner) throws(TraceIOError) {
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return }
      guard token == .objectStart else {
        try scanner.skipValue(of: token)
        continue
      }
      var id: Int64?
      var name: String?
      while try scanner.next() == .key {
        let isID = scanner.tokenIs("id")
        let isName = scanner.tokenIs("name")
        let value = try scanner.next()
        if isID { id = scanner.integer() }
        if isName, value == .string { name = scanner.string() }
        try scanner.skipValue(of: value)
      }
      if let id, let name, devices.count < 4096 { devices.append((id, name)) }
    }
  }

  private mutating func readDistribution(_ scanner: inout JSONScanner) throws(TraceIOError) {
    while try scanner.next() == .key {
      let isSize = scanner.tokenIs("world_size")
      let isRank = scanner.tokenIs("rank")
      let value = try scanner.next()
      if isSize, let size = scanner.integer(), size > 0, size < 1 << 24 { worldSize = Int(size) }
      if isRank, let rank = scanner.integer() { details["rank"] = String(rank) }
      try scanner.skipValue(of: value)
    }
    if let worldSize { details["world_size"] = String(worldSize) }
  }

  /// The software below the framework, such as `CUDA 12.4` or `ROCm 6.4`: of its runtime, else of
  /// its driver; nil where the trace names neither. The framework's own version is not in traces.
  var version: String? {
    for (part, suffix) in [("runtime", ""), ("driver", " driver")] {
      // CUDA counts 1000 major + 10 minor, HIP 10⁷ major + 10⁵ minor + patch.
      if let number = number("cuda_\(part)_version") {
        return "CUDA\(suffix) \(number / 1000).\(number % 1000 / 10)"
      }
      if let number = number("hip_\(part)_version") {
        return "ROCm\(suffix) \(number / 10_000_000).\(number % 10_000_000 / 100_000)"
      }
    }
    return nil
  }

  private func number(_ name: String) -> Int? {
    details[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// The name of the device that most events ran on, if the trace knows it.
  func deviceName(of events: TraceEvents) -> String? {
    let id = events.busiestDevice.flatMap { Int64(events.texts[$0]) }
    let device = devices.first { $0.id == id } ?? devices.first
    guard let name = device?.name, !name.isEmpty else { return nil }
    return name
  }
}
