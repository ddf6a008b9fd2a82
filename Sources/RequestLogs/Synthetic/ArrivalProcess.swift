/// When requests of a synthetic workload arrive. Rates are requests a second, times are seconds.
///
/// ``rate`` and ``variation`` are what theory tells of the process, for reports and tests; samples
/// come from ``SyntheticWorkload``.
public enum ArrivalProcess: Sendable, Hashable {
  /// Independent gaps with a mean of 1/`rate`.
  case renewal(rate: Double, gaps: GapDistribution)
  /// A Poisson process whose rate is that of a state, which changes after exponential dwell times to
  /// one of the others, each as likely (Fischer and Meier-Hellstern, "The Markov-modulated Poisson
  /// process cookbook", 1993).
  case markovModulated([MarkovState])
  /// A Poisson process at `rate` · (1 + `amplitude` · sin 2π(t/`period` + `phase`)): days, say.
  case diurnal(rate: Double, amplitude: Double, period: Double, phase: Double = 0)
  /// A Poisson process at 8/3 `rate` · sin⁴(πt/`period`), HERMES's "bursty" load: silence, then a peak
  /// of 8/3 of the mean, once a period.
  case sineFourth(rate: Double, period: Double)
  /// One rate after the other, each with gaps of its own, as ServeGen describes clients. Gaps that
  /// reach into another window go on at its rate. After the last window it begins again, or ends.
  case windows([RateWindow], repeats: Bool)

  /// Arrivals without memory.
  public static func poisson(rate: Double) -> Self { .renewal(rate: rate, gaps: .exponential) }

  /// Arrivals at equal distances.
  public static func uniform(rate: Double) -> Self { .renewal(rate: rate, gaps: .constant) }

  /// Gaps of a normal distribution, cut at zero; see ``GapDistribution/normal(variation:)``.
  public static func normal(rate: Double, variation: Double) -> Self {
    .renewal(rate: rate, gaps: .normal(variation: variation))
  }

  /// Gaps of a gamma distribution; a `variation` above 1 gives bursts.
  public static func gamma(rate: Double, variation: Double) -> Self {
    .renewal(rate: rate, gaps: .gamma(variation: variation))
  }

  /// A state of a Markov-modulated process.
  public struct MarkovState: Sendable, Hashable {
    /// Arrivals a second in this state; 0 is silence.
    public var rate: Double
    /// How long it lasts on average, in seconds.
    public var meanDwell: Double

    /// Creates a state.
    public init(rate: Double, meanDwell: Double) {
      self.rate = rate
      self.meanDwell = meanDwell
    }
  }

  /// A stretch of time with one rate.
  public struct RateWindow: Sendable, Hashable {
    /// How long it lasts, in seconds.
    public var duration: Double
    /// Arrivals a second; 0 is silence.
    public var rate: Double
    /// How gaps that begin in it scatter.
    public var gaps: GapDistribution

    /// Creates a window.
    public init(duration: Double, rate: Double, gaps: GapDistribution = .exponential) {
      self.duration = duration
      self.rate = rate
      self.gaps = gaps
    }
  }

  /// The most states of a Markov-modulated process.
  public static let mostStates = 64
  /// The most windows of a process.
  public static let mostWindows = 1 << 20

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    switch self {
    case .renewal(let rate, let gaps):
      try ParameterCheck.rate(rate)
      try ParameterCheck.part("gaps") { () throws(RequestLogError) in try gaps.validate() }
    case .markovModulated(let states): try Self.validate(states)
    case .diurnal(let rate, let amplitude, let period, let phase):
      try ParameterCheck.require("amplitude", amplitude, in: 0...1)
      try ParameterCheck.require("phase", phase, in: -1...1)
      try Self.validate(rate: rate, period: period)
    case .sineFourth(let rate, let period): try Self.validate(rate: rate, period: period)
    case .windows(let windows, _): try Self.validate(windows)
    }
  }

  private static func validate(rate: Double, period: Double) throws(RequestLogError) {
    try ParameterCheck.rate(rate)
    try ParameterCheck.time("period", period)
    // Thinning looks at candidates in the trough, too.
    try ParameterCheck.require("period", rate * period, in: 0...1e12, of: "rate times period")
  }

  private static func validate(_ states: [MarkovState]) throws(RequestLogError) {
    try ParameterCheck.require("states", states.count, in: 1...mostStates)
    for (index, state) in states.enumerated() {
      try ParameterCheck.part("states[\(index)]") { () throws(RequestLogError) in
        try ParameterCheck.require("rate", state.rate, in: 0...ParameterCheck.highestRate)
        try ParameterCheck.time("meanDwell", state.meanDwell)
      }
    }
    let process = ArrivalProcess.markovModulated(states)
    try ParameterCheck.rate(process.rate)
    let changes = Double(states.count) / states.reduce(0) { $0 + $1.meanDwell }
    // Each change of state is an event of its own.
    try ParameterCheck.require(
      "states", changes / process.rate, in: 0...1e4, of: "changes of state an arrival")
  }

  private static func validate(_ windows: [RateWindow]) throws(RequestLogError) {
    try ParameterCheck.require("windows", windows.count, in: 1...mostWindows)
    for (index, window) in windows.enumerated() {
      try ParameterCheck.part("windows[\(index)]") { () throws(RequestLogError) in
        try ParameterCheck.time("duration", window.duration)
        try ParameterCheck.require("rate", window.rate, in: 0...ParameterCheck.highestRate)
        try window.gaps.validate()
      }
    }
    try ParameterCheck.rate(ArrivalProcess.windows(windows, repeats: true).rate)
  }
}
