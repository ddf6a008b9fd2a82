public import Operators

/// A device as its data sheet describes it: the speed of light of every prediction.
public struct Device: Hashable, Sendable {
  /// The way to the other devices of the same group.
  public struct Link: Hashable, Sendable {
    /// What it is called, such as `NVLink 4`.
    public var name: String
    /// Bytes/s of one device, all its links together, one direction.
    public var bandwidth: Double
    /// Seconds that a small message takes for one hop.
    public var latency: Double
    /// Devices that it joins.
    public var devices: Int

    /// Creates a link.
    public init(name: String, bandwidth: Double, latency: Double, devices: Int) {
      self.name = name
      self.bandwidth = bandwidth
      self.latency = latency
      self.devices = devices
    }
  }

  /// The short name used in deployments and on the command line, such as `h100-sxm`.
  public var name: String
  /// Names that profilers and drivers report for it, compared by ``matches(_:)``.
  public var reportedNames: [String]
  /// Dense (never sparse) peak rates in FLOP/s a data type.
  public var peakFlops: [DataType: Double]
  /// Peak memory bandwidth in bytes/s.
  public var memoryBandwidth: Double
  /// Memory in bytes.
  public var memoryBytes: Double
  /// The way to other devices; nil where there is none.
  public var link: Link?
  /// Bytes/s to the host's memory, one direction; nil where it is not known.
  public var hostBandwidth: Double?
  /// The most power in watts; nil where it is not known.
  public var power: Double?
  /// Power in watts while it does nothing; nil where it is not known.
  public var idlePower: Double?
  /// US dollars an hour of one device; nil where it is not known.
  public var pricePerHour: Double?
  /// The shortest time in nanoseconds that any operator takes: launch and drain of one kernel.
  ///
  /// Used only to anchor interpolation, where a pure roofline would go to zero and the ratio of
  /// measured to roofline to infinity; never added to an analytical estimate.
  public var launchFloor: Double
  /// Streaming multiprocessors or compute units, which blocks of a kernel fill in waves; nil where it
  /// is not known.
  public var multiprocessors: Int?
  /// Where the figures come from, the price's source included.
  public var source: String

  /// Creates a device that is alone.
  public init(
    name: String, reportedNames: [String] = [], peakFlops: [DataType: Double],
    memoryBandwidth: Double, memoryBytes: Double, launchFloor: Double = 2000, source: String
  ) {
    self.name = name
    self.reportedNames = reportedNames
    self.peakFlops = peakFlops
    self.memoryBandwidth = memoryBandwidth
    self.memoryBytes = memoryBytes
    self.launchFloor = launchFloor
    self.source = source
  }

  /// The peak rate for a type; of a type that the device has no units for, that of the next wider
  /// one that it has, as engines convert what they load.
  public func peakFlops(_ dataType: DataType?) -> Double {
    var type = dataType
    while let asked = type {
      if let peak = peakFlops[asked] { return peak }
      type = asked.wider
    }
    return peakFlops[.float32] ?? peakFlops.values.min() ?? 1e12
  }

  /// Bandwidth to other devices of the same group in bytes/s, one direction; without a link that of
  /// one lane of PCIe 5.0's sixteen, so that a division is never by zero.
  public var linkBandwidth: Double { link?.bandwidth ?? 4e9 }

  /// Whether `text` names this device: its short name, or one of its reported names without
  /// regard to case, spaces, hyphens, and the maker's and its line's name in front.
  public func matches(_ text: String) -> Bool {
    let key = Self.key(text)
    return !key.isEmpty && ([name] + reportedNames).contains { Self.key($0) == key }
  }

  /// What names are compared by.
  static func key(_ text: String) -> String {
    var key = text.lowercased().filter { $0.isLetter || $0.isNumber }
    for word in ["nvidia", "amd", "geforce", "instinct"] where key.hasPrefix(word) {
      key.removeFirst(word.count)
    }
    return key
  }
}

extension DataType {
  /// The type that holds this one's values where a device cannot compute in it.
  fileprivate var wider: DataType? {
    switch self {
    case .float32: nil
    case .float16, .bfloat16: .float32
    case .float8: .bfloat16
    case .int8: .bfloat16
    case .int4: .int8
    case .float4: .float8
    }
  }
}
