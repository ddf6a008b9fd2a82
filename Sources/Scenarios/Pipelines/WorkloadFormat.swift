import RequestLogs

/// The keys and bounds of a scenario's `workload`. Whatever is drawn from a distribution (arrivals, gaps, lengths) is a
/// mapping whose `kind` says which; of lengths a plain number is one that never varies.
enum WorkloadFormat {
  /// Keys of the whole.
  static let keys = [
    FormatKey(name: "requests", kind: .integer(1...Int(Int32.max))),
    FormatKey(name: "for_s", kind: time),
    FormatKey(name: "arrivals", kind: arrivals),
    FormatKey(
      name: "streams", kind: .mappings(streamKeys, maxCount: SyntheticWorkload.mostStreams)),
    FormatKey(name: "mixtures", kind: .mappings(mixtureKeys, maxCount: 256)),
    FormatKey(name: "tokens_per_content_name", kind: tokens),
  ]

  /// Keys of a stream of requests.
  static let streamKeys = [
    ScenarioFormat.name,
    FormatKey(name: "class", kind: .text(maxLength: 256)),
    FormatKey(name: "share", kind: .number(above: 0, through: 1e18)),
    FormatKey(name: "arrivals", kind: arrivals),
    FormatKey(name: "input", kind: lengths, isRequired: true),
    FormatKey(name: "output", kind: lengths, isRequired: true),
    FormatKey(name: "prefixes", kind: .mapping(prefixKeys)),
    FormatKey(name: "sessions", kind: .mapping(sessionKeys)),
    FormatKey(name: "priority", kind: .integer(Int(Int32.min)...Int(Int32.max))),
  ]

  /// Keys of beginnings that prompts share.
  static let prefixKeys = [
    FormatKey(name: "count", kind: .integer(1...1_048_576), isRequired: true),
    FormatKey(name: "tokens", kind: tokens, isRequired: true),
    FormatKey(name: "exponent", kind: exponent),
  ]

  /// Keys of conversations.
  static let sessionKeys = [
    FormatKey(name: "mean_turns", kind: .amount(1...1e6), isRequired: true),
    FormatKey(name: "mean_think_s", kind: .amount(0...1e9), isRequired: true),
    FormatKey(name: "think", kind: gaps),
    FormatKey(name: "grows_context", kind: .boolean),
    FormatKey(name: "max_context", kind: tokens),
  ]

  /// Keys of many clients.
  static let mixtureKeys = [
    // Streams are named after it, with a number, and their names are bounded as all are.
    FormatKey(name: "name", kind: .text(maxLength: 240), isRequired: true),
    FormatKey(name: "clients", kind: .integer(1...65_536), isRequired: true),
    FormatKey(name: "rate", kind: rate, isRequired: true),
    FormatKey(name: "skew", kind: exponent),
    FormatKey(name: "median_cv", kind: .amount(0.01...100)),
    FormatKey(name: "cv_spread", kind: .amount(0...5)),
    FormatKey(name: "input", kind: .mapping(mixtureLengthKeys)),
    FormatKey(name: "output", kind: .mapping(mixtureLengthKeys)),
  ]

  /// Keys of lengths that differ from client to client.
  static let mixtureLengthKeys = [
    FormatKey(name: "mean", kind: mean, isRequired: true),
    FormatKey(name: "client_cv", kind: variation),
    FormatKey(name: "cv", kind: variation),
    FormatKey(name: "max", kind: tokens),
  ]

  // MARK: Arrivals

  /// Keys of `poisson` and `uniform`.
  static let evenArrivalKeys = [arrivalKind, FormatKey(name: "rate", kind: rate, isRequired: true)]
  /// Keys of `normal` and `gamma`.
  static let scatteredArrivalKeys =
    evenArrivalKeys + [FormatKey(name: "cv", kind: variation, isRequired: true)]
  /// Keys of `weibull`.
  static let weibullArrivalKeys =
    evenArrivalKeys + [FormatKey(name: "shape", kind: weibullShape, isRequired: true)]
  /// Keys of `bursty`.
  static let burstyArrivalKeys =
    evenArrivalKeys + [FormatKey(name: "period_s", kind: time, isRequired: true)]
  /// Keys of `diurnal`.
  static let diurnalArrivalKeys =
    burstyArrivalKeys + [
      FormatKey(name: "amplitude", kind: .amount(0...1), isRequired: true),
      FormatKey(name: "phase", kind: .amount(-1...1)),
    ]
  /// Keys of `markov`.
  static let markovArrivalKeys = [
    arrivalKind,
    FormatKey(
      name: "states", kind: .mappings(stateKeys, maxCount: ArrivalProcess.mostStates),
      isRequired: true),
  ]
  /// Keys of `windows`.
  static let windowsArrivalKeys = [
    arrivalKind,
    FormatKey(
      name: "windows", kind: .mappings(windowKeys, maxCount: ArrivalProcess.mostWindows),
      isRequired: true),
    FormatKey(name: "repeats", kind: .boolean),
  ]
  /// Keys of a state of `markov`.
  static let stateKeys = [
    FormatKey(name: "rate", kind: .amount(0...1e9), isRequired: true),
    FormatKey(name: "dwell_s", kind: time, isRequired: true),
  ]
  /// Keys of one of `windows`.
  static let windowKeys = [
    FormatKey(name: "for_s", kind: time, isRequired: true),
    FormatKey(name: "rate", kind: .amount(0...1e9), isRequired: true),
    FormatKey(name: "gaps", kind: gaps),
  ]

  // MARK: Gaps

  /// Keys of gaps that have no number but their mean.
  static let plainGapKeys = [kind(GapForm.self)]
  /// Keys of `normal` and `gamma` gaps.
  static let scatteredGapKeys =
    plainGapKeys + [FormatKey(name: "cv", kind: variation, isRequired: true)]
  /// Keys of `weibull` gaps.
  static let weibullGapKeys =
    plainGapKeys + [FormatKey(name: "shape", kind: weibullShape, isRequired: true)]

  // MARK: Lengths

  /// Keys of lengths that never vary.
  static let constantLengthKeys = [
    lengthKind, FormatKey(name: "tokens", kind: tokens, isRequired: true),
  ]
  /// Keys of `normal` and `lognormal` lengths.
  static let normalLengthKeys = [
    lengthKind, FormatKey(name: "mean", kind: mean, isRequired: true),
    FormatKey(name: "cv", kind: variation, isRequired: true),
    FormatKey(name: "max", kind: tokens),
  ]
  /// Keys of `uniform` lengths.
  static let uniformLengthKeys = [
    lengthKind, FormatKey(name: "min", kind: tokens, isRequired: true),
    FormatKey(name: "max", kind: tokens, isRequired: true),
  ]
  /// Keys of `zipf` lengths.
  static let zipfLengthKeys =
    uniformLengthKeys + [FormatKey(name: "exponent", kind: exponent, isRequired: true)]
  /// Keys of `pareto` lengths.
  static let paretoLengthKeys =
    uniformLengthKeys + [FormatKey(name: "shape", kind: .amount(0.01...100), isRequired: true)]
  /// Keys of lengths that were seen.
  static let measuredLengthKeys = [
    lengthKind,
    FormatKey(
      name: "tokens",
      kind: .integers(
        1...LengthDistribution.mostTokens, maxCount: LengthDistribution.mostEntries),
      isRequired: true),
    FormatKey(
      name: "weights", kind: .numbers(0...1e18, counts: 1...LengthDistribution.mostEntries)),
  ]

  // MARK: Bounds

  private static let arrivals = FormatKey.Kind.forms(ArrivalForm.formats)
  private static let gaps = FormatKey.Kind.forms(GapForm.formats)
  private static let lengths = FormatKey.Kind.forms(
    LengthForm.formats, number: FormatKey(name: "tokens", kind: tokens))
  private static let arrivalKind = kind(ArrivalForm.self)
  private static let lengthKind = kind(LengthForm.self)
  private static let tokens = FormatKey.Kind.integer(1...LengthDistribution.mostTokens)
  private static let mean = FormatKey.Kind.amount(1...Double(LengthDistribution.mostTokens))
  private static let rate = FormatKey.Kind.amount(1e-9...1e9)
  private static let time = FormatKey.Kind.amount(1e-9...1e9)
  private static let variation = FormatKey.Kind.amount(0...10_000)
  private static let exponent = FormatKey.Kind.amount(0...20)
  private static let weibullShape = FormatKey.Kind.amount(0.1...100)

  private static func kind<Form: MappingForm>(_ form: Form.Type) -> FormatKey {
    FormatKey(name: Form.selector, kind: .choice(Form.allCases.map(\.rawValue)), isRequired: true)
  }
}
