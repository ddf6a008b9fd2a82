public import Operators

/// A device as its data sheet describes it: the speed of light of every prediction.
public struct Device: Hashable, Sendable {
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
  /// Bandwidth to other devices of the same group in bytes/s, one direction.
  public var linkBandwidth: Double
  /// The shortest time in nanoseconds that any operator takes: launch and drain of one kernel.
  ///
  /// Used only to anchor interpolation, where a pure roofline would go to zero and the ratio of
  /// measured to roofline to infinity; never added to an analytical estimate.
  public var launchFloor: Double
  /// Where the figures come from.
  public var source: String

  /// Creates a device.
  public init(
    name: String, reportedNames: [String], peakFlops: [DataType: Double], memoryBandwidth: Double,
    memoryBytes: Double, linkBandwidth: Double, launchFloor: Double, source: String
  ) {
    self.name = name
    self.reportedNames = reportedNames
    self.peakFlops = peakFlops
    self.memoryBandwidth = memoryBandwidth
    self.memoryBytes = memoryBytes
    self.linkBandwidth = linkBandwidth
    self.launchFloor = launchFloor
    self.source = source
  }

  /// The peak rate for a type; the widest rate known where the type is not listed.
  public func peakFlops(_ dataType: DataType?) -> Double {
    if let dataType, let peak = peakFlops[dataType] { return peak }
    return peakFlops[.float32] ?? peakFlops.values.min() ?? 1e12
  }

  /// Whether `text` names this device: its short name, or one of its reported names without
  /// regard to case, spaces, hyphens and the maker's name.
  public func matches(_ text: String) -> Bool {
    let key = Self.key(text)
    return !key.isEmpty && ([name] + reportedNames).contains { Self.key($0) == key }
  }

  private static func key(_ text: String) -> String {
    let lowered = text.lowercased().filter { $0.isLetter || $0.isNumber }
    for maker in ["nvidiageforce", "nvidia", "amdinstinct", "amd"] where lowered.hasPrefix(maker) {
      return String(lowered.dropFirst(maker.count))
    }
    return lowered
  }
}
