public import Analytical
internal import Operators

/// Entries of the catalogue as JSON, as `TraceSchemas/catalogue.schema.json` describes it: the columns of the
/// tables with their units, unrounded. What an entry does not know is left out.
public struct CatalogueFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.catalogue"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private var models: [ResultValue]?
  private var devices: [ResultValue]?
  private var platforms: [ResultValue]?

  /// Models.
  public init(models: [CatalogueModel]) {
    self.models = models.map { model in
      let sizes = model.architecture
      var members: [String: ResultValue] = [
        "name": .text(sizes.name), "aliases": .list(model.aliases.map { .text($0) }),
        "family": .text(model.family), "parameters": .integer(sizes.parameterCount),
        "active_parameters": .integer(sizes.activeParameterCount),
        "layers": .integer(sizes.layers), "hidden_size": .integer(sizes.hiddenSize),
        "heads": .integer(sizes.heads), "kv_heads": .integer(sizes.kvHeads),
        "key_value_bytes_per_token": .number(sizes.keyValueBytesPerToken(.bfloat16)),
        "source": .text(model.source),
      ]
      members["note"] = model.note.map { .text($0) }
      return .object(members)
    }
  }

  /// Devices.
  public init(devices: [Device]) {
    self.devices = devices.map { device in
      let peaks = device.peakFlops.map { ($0.key.rawValue, ResultValue.number($0.value)) }
      var members: [String: ResultValue] = [
        "name": .text(device.name),
        "reported_names": .list(device.reportedNames.map { .text($0) }),
        "peak_flops": .object(Dictionary(peaks) { first, _ in first }),
        "memory_bytes_per_second": .number(device.memoryBandwidth),
        "memory_bytes": .number(device.memoryBytes), "source": .text(device.source),
      ]
      members["link_bytes_per_second"] = device.link.map { .number($0.bandwidth) }
      members["watts"] = device.power.map { .number($0) }
      members["dollars_per_hour"] = device.pricePerHour.map { .number($0) }
      return .object(members)
    }
  }

  /// Platforms.
  public init(platforms: [Platform]) {
    self.platforms = platforms.map { platform in
      let levels = platform.levels.map { level in
        ResultValue.object([
          "name": .text(level.name), "devices": .integer(level.devices),
          "bytes_per_second": .number(level.bandwidth), "latency_seconds": .number(level.latency),
          "topology": .text(level.topology.rawValue),
        ])
      }
      return .object([
        "name": .text(platform.name), "device": .text(platform.device.name),
        "levels": .list(levels), "source": .text(platform.source),
      ])
    }
  }
}
