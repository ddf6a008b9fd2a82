public import CostModel
public import Operators
public import Replay

/// Simulated engine time, split by what it rests on.
///
/// A replay adds up the prices of its steps; this passes them through to whoever must judge how
/// far to trust the result: "91 % of simulated time rests on measurements".
public struct TimeShares: Sendable, Hashable {
  /// Device time for each ``Evidence``, in the order of its cases.
  private var device: [Nanoseconds]
  /// Time that kernels do not explain: scheduling and launching.
  public var host: Nanoseconds
  /// Standard error of the whole, if every step errs the same way.
  public var standardError: Nanoseconds = .zero

  /// Creates shares; evidence that is not named got no time.
  public init(device: [Evidence: Nanoseconds] = [:], host: Nanoseconds = .zero) {
    self.device = Evidence.allCases.map { device[$0] ?? .zero }
    self.host = host
  }

  /// The shares of a sum of step prices.
  public init(_ sum: StepPrice) {
    device = Evidence.allCases.map { Nanoseconds(rounding: sum[$0]) }
    host = Nanoseconds(rounding: sum.hostTime)
    standardError = Nanoseconds(rounding: sum.standardError)
  }

  /// What a replay's time in steps rests on, over all engines.
  public init(_ result: ReplayResult) {
    self.init(
      StepPrice(
        deviceTime: result.deviceTime, hostTime: result.hostTime,
        standardError: result.standardError))
  }

  /// The device time that rests on the given evidence.
  public subscript(evidence: Evidence) -> Nanoseconds {
    get { device[evidence.rawValue] }
    set { device[evidence.rawValue] = newValue }
  }

  /// Device and host time together.
  public var total: Nanoseconds { device.reduce(host, +) }

  /// The fraction, between 0 and 1, of the time that rests on the given evidence; 0 of no time.
  public func share(of evidence: Evidence) -> Double { fraction(self[evidence]) }

  /// The fraction of the time that the host took.
  public var hostShare: Double { fraction(host) }

  /// The fraction that rests on samples of the operators' own curves, at a point or between them.
  public var measurementShare: Double { share(of: .measured) + share(of: .interpolated) }

  /// The standard error as a fraction of the total.
  public var relativeError: Double { fraction(standardError) }

  /// Two sentences for people: what the time rests on, and how sure it is.
  public var sentence: String {
    func percent(_ share: Double) -> String { fixedText(share * 100, decimals: 1) + " %" }
    let parts =
      Evidence.allCases.filter { self[$0] > .zero }
      .map { "\(String(describing: $0)) \(percent(share(of: $0)))" }
      + (host > .zero ? ["host \(percent(hostShare))"] : [])
    let doubt = "±\(percent(1.645 * relativeError)) (90 %)"
    return "\(percent(measurementShare)) of simulated time rests on measurements ("
      + parts.joined(separator: ", ") + "). "
      + (host > .zero
        ? "Step times are sure to \(doubt)" : "Device time is sure to \(doubt), host time apart")
      + ", if all steps err the same way."
  }

  private func fraction(_ part: Nanoseconds) -> Double {
    total > .zero ? Double(part.rawValue) / Double(total.rawValue) : 0
  }
}

extension TimeShares: Codable {
  /// The keys in files.
  private enum Key: String, CodingKey {
    case measured = "measured_ns"
    case interpolated = "interpolated_ns"
    case extrapolated = "extrapolated_ns"
    case borrowed = "borrowed_ns"
    case analytical = "analytical_ns"
    case host = "host_ns"
    case standardError = "standard_error_ns"
    case measurementShare = "measurement_share"

    init(_ evidence: Evidence) {
      self =
        switch evidence {
        case .measured: .measured
        case .interpolated: .interpolated
        case .extrapolated: .extrapolated
        case .borrowed: .borrowed
        case .analytical: .analytical
        }
    }
  }

  /// Reads shares; what is absent got no time.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init()
    for evidence in Evidence.allCases {
      self[evidence] = Nanoseconds(
        try values.decodeIfPresent(Int64.self, forKey: .init(evidence)) ?? 0)
    }
    host = Nanoseconds(try values.decodeIfPresent(Int64.self, forKey: .host) ?? 0)
    standardError = Nanoseconds(
      try values.decodeIfPresent(Int64.self, forKey: .standardError) ?? 0)
  }

  /// Writes nanoseconds for each evidence, and the share of measurements for people.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    for evidence in Evidence.allCases {
      try values.encode(self[evidence].rawValue, forKey: .init(evidence))
    }
    try values.encode(host.rawValue, forKey: .host)
    try values.encode(standardError.rawValue, forKey: .standardError)
    try values.encode((measurementShare * 1e6).rounded() / 1e6, forKey: .measurementShare)
  }
}
