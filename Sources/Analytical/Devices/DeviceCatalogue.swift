internal import Catalogue
internal import Operators

extension Device {
  /// The built-in device that `name` means, by short name or by what a profiler reports.
  ///
  /// Processors are too many to list: any other name that begins with `cpu-` takes the generic
  /// core's figures.
  public static func builtIn(named name: String) -> Device? {
    if let place = places[key(name)] { return builtIns[place] }
    guard name.lowercased().hasPrefix("cpu-"), var device = builtIn(named: "cpu-core") else {
      return nil
    }
    device.name = name
    return device
  }

  /// The built-in devices, maker by maker. Memory that is sold as GB is GiB, as drivers report it.
  public static let builtIns: [Device] = {
    do throws(AnalyticalError) {
      var devices: [Device] = []
      for file in Catalogue.devices { devices += try read(file.bytes, name: file.name) }
      return devices
    } catch {
      // The tests read every file that is built in.
      preconditionFailure("\(error)")
    }
  }()

  /// The place of each built-in device by all of its names, so that names are made alike once.
  private static let places: [String: Int] = {
    var places: [String: Int] = [:]
    for (place, device) in builtIns.enumerated() {
      for name in [device.name] + device.reportedNames { places[key(name)] = place }
    }
    return places
  }()

  /// Reads a file of devices, as `TraceSchemas/device.schema.json` describes it.
  ///
  /// - Throws: ``AnalyticalError`` that names the file and the field.
  public static func read(_ bytes: [UInt8], name: String) throws(AnalyticalError) -> [Device] {
    let file = try DescriptionFields(bytes, file: name, subject: "device file")
    try file.allowOnly(["devices"])
    var devices: [Device] = []
    var owners: [String: String] = [:]
    for fields in try file.objects("devices") {
      let device = try Device(fields)
      for name in [device.name] + device.reportedNames {
        let owner = owners.updateValue(device.name, forKey: key(name))
        guard let owner, owner != device.name || devices.contains(where: { $0.name == owner })
        else { continue }
        throw fields.error("the name '\(name)' is that of device '\(owner)' too")
      }
      devices.append(device)
    }
    return devices
  }

  private init(_ fields: DescriptionFields) throws(AnalyticalError) {
    try fields.allowOnly([
      "name", "reported_names", "peak_tflops", "memory_gb_per_s", "memory_gib", "link",
      "host_link_gb_per_s", "power_watts", "idle_watts", "price_per_hour_usd", "price_source",
      "launch_floor_ns", "multiprocessors", "source",
    ])
    let rate = 1e-9...1e9
    guard let rates = try fields.object("peak_tflops") else {
      throw fields.error("it has no field 'peak_tflops'")
    }
    try rates.allowOnly(DataType.allCases.map(\.rawValue))
    var peakFlops: [DataType: Double] = [:]
    for type in DataType.allCases {
      if let value = try rates.number(type.rawValue, rate) { peakFlops[type] = value * 1e12 }
    }
    guard !peakFlops.isEmpty else { throw rates.error("'peak_tflops' names no type") }
    try fields.checkPrice()
    self.init(
      name: try fields.neededText("name", .shortName),
      reportedNames: try fields.names("reported_names", most: 64),
      peakFlops: peakFlops,
      memoryBandwidth: try fields.needed("memory_gb_per_s", rate) * 1e9,
      memoryBytes: try fields.needed("memory_gib", 1e-9...1_048_576) * 1_073_741_824,
      launchFloor: try fields.number("launch_floor_ns", 0...1e9) ?? 2000,
      source: try fields.neededText("source", .prose)
        + (fields.text("price_source", .prose).map { "; price: \($0)" } ?? ""))
    if let link = try fields.object("link") {
      try link.allowOnly(["name", "gb_per_s", "latency_us", "devices"])
      self.link = Link(
        name: try link.neededText("name", .name),
        bandwidth: try link.needed("gb_per_s", rate) * 1e9,
        latency: (try link.number("latency_us", 0...1e6) ?? 1) * 1e-6,
        devices: try link.needed(["devices"], 2...1 << 20))
    }
    multiprocessors = try fields.size(["multiprocessors"], 1...1 << 20)
    hostBandwidth = try fields.number("host_link_gb_per_s", rate).map { $0 * 1e9 }
    power = try fields.number("power_watts", 1e-9...1e6)
    idlePower = try fields.number("idle_watts", 0...1e6)
    if idlePower != nil, power == nil {
      throw fields.error("its field 'idle_watts' stands without 'power_watts'")
    }
    if let power, let idlePower, idlePower > power {
      throw fields.error("it idles at \(idlePower) W, above its power of \(power) W")
    }
    pricePerHour = try fields.number("price_per_hour_usd", 0...1e6)
  }
}
