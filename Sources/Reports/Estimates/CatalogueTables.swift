public import Analytical
internal import Operators
internal import Validation

extension TextTable {
  /// Models, a line each.
  public init(models: [CatalogueModel]) {
    self.init([
      .init("model", .left), .init("parameters"), .init("active"), .init("layers"),
      .init("hidden"), .init("heads"), .init("KiB/token"), .init("source", .left),
    ])
    for model in models {
      let sizes = model.architecture
      add([
        sizes.name, groupedText(sizes.parameterCount),
        sizes.activeParameterCount == sizes.parameterCount
          ? "" : groupedText(sizes.activeParameterCount),
        "\(sizes.layers)", "\(sizes.hiddenSize)", "\(sizes.heads)/\(sizes.kvHeads)",
        fixedText(sizes.keyValueBytesPerToken(.bfloat16) / 1024, decimals: 1),
        [model.source, model.note].compactMap(\.self).joined(separator: ". "),
      ])
    }
  }

  /// Devices, a line each.
  public init(devices: [Device]) {
    self.init([
      .init("device", .left), .init("16 bit"), .init("8 bit"), .init("4 bit"), .init("GB/s"),
      .init("GiB"), .init("link GB/s"), .init("W"), .init("$/h"), .init("source", .left),
    ])
    func rate(_ device: Device, _ types: DataType...) -> String {
      let rates = types.compactMap { device.peakFlops[$0] }
      return rates.max().map { fixedText($0 / 1e12, decimals: 1) } ?? ""
    }
    for device in devices {
      add([
        device.name, rate(device, .bfloat16, .float16), rate(device, .float8, .int8),
        rate(device, .float4, .int4), fixedText(device.memoryBandwidth / 1e9, decimals: 0),
        fixedText(device.memoryBytes.gibibytes, decimals: 1),
        device.link.map { fixedText($0.bandwidth / 1e9, decimals: 0) } ?? "",
        device.power.map { fixedText($0, decimals: 0) } ?? "",
        device.pricePerHour.map { fixedText($0, decimals: 2) } ?? "", device.source,
      ])
    }
  }

  /// Platforms, a line each.
  public init(platforms: [Platform]) {
    self.init([
      .init("platform", .left), .init("device", .left), .init("joined by", .left),
      .init("source", .left),
    ])
    for platform in platforms {
      let levels = platform.levels.map { level in
        "\(level.devices) by \(level.name) "
          + "(\(fixedText(level.bandwidth / 1e9, decimals: 0)) GB/s, "
          + "\(fixedText(level.latency * 1e6, decimals: 1)) µs, \(level.topology.rawValue))"
      }
      add([
        platform.name, platform.device.name, levels.joined(separator: "; "), platform.source,
      ])
    }
  }
}
