/// What part of requests a group of engines computes.
public enum EngineRole: String, Sendable, Hashable, CaseIterable, Codable {
  /// Whole requests.
  case both
  /// Prompts and first tokens; then keys and values travel to an engine that decodes.
  case prefill
  /// What follows the first tokens.
  case decode
}

/// Which engine decodes what another one prefilled.
public enum DecodePool: String, Sendable, Hashable, CaseIterable, Codable {
  /// Of all engines with role ``EngineRole/decode`` the one with the fewest requests; of equals the
  /// first.
  case global
  /// Prefill engine i has decode engine i mod n of n, both counted over all groups.
  case local
}

/// The links on which keys and values travel from prefill to decode engines.
public struct KeyValueTransfer: Sendable, Hashable {
  /// When keys and values travel.
  public enum Mode: String, Sendable, Hashable, CaseIterable, Codable {
    /// All of a request's when its prompt is computed.
    case whole
    /// Layer by layer, while the prompt's last step computes the next ones.
    case layerwise
  }

  /// `bandwidth_gb_s`: bytes a nanosecond of each engine's link.
  public var bandwidth: Double
  /// `latency_us`: microseconds before the first byte; 0 by default.
  public var latency: Double
  /// `mode`: whole by default.
  public var mode: Mode

  /// Whether the numbers are within a deployment file's bounds.
  public var isValid: Bool {
    bandwidth > 0 && bandwidth <= 1e6 && (0...1e9).contains(latency)
  }

  /// Creates links; see the properties for units.
  public init(bandwidth: Double, latency: Double = 0, mode: Mode = .whole) {
    self.bandwidth = bandwidth
    self.latency = latency
    self.mode = mode
  }
}

/// How large keys and values are, all devices of an engine together.
public struct KeyValueSize: Sendable, Hashable {
  /// Bytes of one token, all layers.
  public var bytesPerToken: Double
  /// Over how many layers these are spread.
  public var layers: Int

  /// Creates a size.
  public init(bytesPerToken: Double, layers: Int) {
    self.bytesPerToken = bytesPerToken
    self.layers = layers
  }
}

extension Deployment {
  /// Whether some engines prefill and others decode.
  public var isDisaggregated: Bool { engines.contains { $0.role != .both } }

  /// The first thing about roles that is missing or too much, or nil: the key, and why.
  public var roleConflict: (key: String, message: String)? {
    func first(_ role: EngineRole) -> EngineGroup? { engines.first { $0.role == role } }
    switch (first(.prefill), first(.decode)) {
    case (nil, nil):
      let none = "has no effect where no engines have role prefill"
      if conversionQueue != nil { return ("convert_at_waiting", "'convert_at_waiting' " + none) }
      return transfer == nil ? nil : ("transfer", "'transfer' " + none)
    case (let prefill?, nil):
      return ("engines", "the engines '\(prefill.name)' prefill, but none have role decode")
    case (nil, let decode?):
      return ("engines", "the engines '\(decode.name)' decode, but none have role prefill")
    case (_?, _?):
      return transfer == nil
        ? ("engines", "engines with role prefill need 'transfer', with 'bandwidth_gb_s'") : nil
    }
  }
}
