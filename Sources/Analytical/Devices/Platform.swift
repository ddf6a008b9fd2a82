internal import Catalogue

/// Devices of one kind and what joins them, level by level: links in a server, a network between.
public struct Platform: Hashable, Sendable {
  /// How the devices of a level are joined.
  public enum Topology: String, Hashable, Sendable, CaseIterable {
    /// Every device reaches every other at full bandwidth.
    case `switch`
    /// Each has two neighbours.
    case ring
    /// Each has a link of its own to every other.
    case mesh
    /// Rings in two or three dimensions.
    case torus
  }

  /// One level of the network.
  public struct Level: Hashable, Sendable {
    /// What it is called, such as `NVLink 4` or `InfiniBand NDR`.
    public var name: String
    /// Devices that it joins in all, those of the levels within included.
    public var devices: Int
    /// Bytes/s of one device, one direction.
    public var bandwidth: Double
    /// Seconds that a small message takes for one hop.
    public var latency: Double
    /// How devices are joined.
    public var topology: Topology

    /// Creates a level.
    public init(
      name: String, devices: Int, bandwidth: Double, latency: Double,
      topology: Topology = .switch
    ) {
      self.name = name
      self.devices = devices
      self.bandwidth = bandwidth
      self.latency = latency
      self.topology = topology
    }
  }

  /// The name, such as `dgx-h100`.
  public var name: String
  /// What computes.
  public var device: Device
  /// From the innermost outward; each joins more devices than the one before.
  public var levels: [Level]
  /// Where the figures come from.
  public var source: String

  /// Creates a platform.
  public init(name: String, device: Device, levels: [Level], source: String = "") {
    self.name = name
    self.device = device
    self.levels = levels
    self.source = source
  }

  /// A device with its own link, as far as that reaches; joined as in the built-in platform of that
  /// device, if there is one.
  public init(_ device: Device) {
    let known = Platform.builtIns.first { $0.device.name == device.name }
    let levels = device.link.map {
      [
        Level(
          name: $0.name, devices: $0.devices, bandwidth: $0.bandwidth, latency: $0.latency,
          topology: known?.levels.first?.topology ?? .switch)
      ]
    }
    self.init(
      name: device.name, device: device, levels: levels ?? [], source: device.source)
  }

  /// Devices that it can join; more are joined by the outermost level as if it went on.
  public var devices: Int { levels.last?.devices ?? 1 }
}

extension Platform {
  /// The built-in platform of that name, ignoring case.
  public static func builtIn(named name: String) -> Platform? {
    builtIns.first { $0.name == name.lowercased() }
  }

  /// The built-in platforms.
  public static let builtIns: [Platform] = {
    do throws(AnalyticalError) {
      var platforms: [Platform] = []
      for file in Catalogue.platforms {
        platforms += try read(file.bytes, name: file.name, devices: Device.builtIns)
      }
      return platforms
    } catch {
      // The tests read every file that is built in.
      preconditionFailure("\(error)")
    }
  }()

  /// Reads a file of platforms, as `TraceSchemas/platform.schema.json` describes it.
  ///
  /// - Parameter devices: what the file's `device` may name.
  /// - Throws: ``AnalyticalError`` that names the file and the field.
  public static func read(
    _ bytes: [UInt8], name: String, devices: [Device]
  ) throws(AnalyticalError) -> [Platform] {
    let file = try DescriptionFields(bytes, file: name, subject: "platform file")
    try file.allowOnly(["platforms"])
    var platforms: [Platform] = []
    for fields in try file.objects("platforms") {
      try fields.allowOnly([
        "name", "device", "levels", "price_per_hour_usd", "price_source", "source",
      ])
      try fields.checkPrice()
      let name = try fields.neededText("name", .shortName)
      guard !platforms.contains(where: { $0.name == name }) else {
        throw fields.error("two platforms are called '\(name)'")
      }
      let wanted = try fields.neededText("device", .name)
      guard var device = devices.first(where: { $0.matches(wanted) }) else {
        throw fields.error("device '\(wanted)' is not known")
      }
      var levels: [Level] = []
      for level in try fields.objects("levels", 1...8) {
        levels.append(try Level(level))
        guard
          levels.count < 2 || levels[levels.count - 2].devices < levels[levels.count - 1].devices
        else { throw level.error("level '\(levels[levels.count - 1].name)' joins no more devices") }
      }
      // A server's price is that of all devices of its first level together.
      if let price = try fields.number("price_per_hour_usd", 0...1e8) {
        device.pricePerHour = price / Double(levels.first?.devices ?? 1)
      }
      platforms.append(
        Platform(
          name: name, device: device, levels: levels,
          source: try fields.neededText("source", .prose)))
    }
    return platforms
  }
}

extension Platform.Level {
  fileprivate init(_ fields: DescriptionFields) throws(AnalyticalError) {
    try fields.allowOnly(["name", "devices", "gb_per_s", "latency_us", "topology"])
    let topology = try fields.neededText("topology")
    guard let topology = Platform.Topology(rawValue: topology) else {
      throw fields.error(
        "topology '\(topology)' is not one of "
          + Platform.Topology.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.init(
      name: try fields.neededText("name", .name),
      devices: try fields.needed(["devices"], 2...1 << 20),
      bandwidth: try fields.needed("gb_per_s", 1e-9...1e9) * 1e9,
      latency: try fields.needed("latency_us", 0...1e6) * 1e-6, topology: topology)
  }
}
