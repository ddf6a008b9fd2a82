import RequestLogs

/// The kinds of arrivals, as their `kind` says.
enum ArrivalForm: String, Sendable, Hashable, MappingForm {
  case poisson, uniform, normal, gamma, weibull, markov, diurnal, bursty, windows

  static let selector = "kind"

  /// The keys of arrivals of this kind.
  var keys: [FormatKey] {
    switch self {
    case .poisson, .uniform: WorkloadFormat.evenArrivalKeys
    case .normal, .gamma: WorkloadFormat.scatteredArrivalKeys
    case .weibull: WorkloadFormat.weibullArrivalKeys
    case .markov: WorkloadFormat.markovArrivalKeys
    case .diurnal: WorkloadFormat.diurnalArrivalKeys
    case .bursty: WorkloadFormat.burstyArrivalKeys
    case .windows: WorkloadFormat.windowsArrivalKeys
    }
  }
}

extension ArrivalProcess {
  /// The kind in the text.
  var form: ArrivalForm {
    switch self {
    case .renewal(_, .exponential): .poisson
    case .renewal(_, .constant): .uniform
    case .renewal(_, .normal): .normal
    case .renewal(_, .gamma): .gamma
    case .renewal(_, .weibull): .weibull
    case .markovModulated: .markov
    case .diurnal: .diurnal
    case .sineFourth: .bursty
    case .windows: .windows
    }
  }
}

/// How gaps scatter, as their `kind` says.
enum GapForm: String, Sendable, Hashable, MappingForm {
  case constant, exponential, normal, gamma, weibull

  static let selector = "kind"

  /// The keys of gaps of this kind.
  var keys: [FormatKey] {
    switch self {
    case .constant, .exponential: WorkloadFormat.plainGapKeys
    case .normal, .gamma: WorkloadFormat.scatteredGapKeys
    case .weibull: WorkloadFormat.weibullGapKeys
    }
  }
}

extension GapDistribution {
  /// The kind in the text.
  var form: GapForm {
    switch self {
    case .constant: .constant
    case .exponential: .exponential
    case .normal: .normal
    case .gamma: .gamma
    case .weibull: .weibull
    }
  }
}

/// How lengths are distributed, as their `kind` says.
enum LengthForm: String, Sendable, Hashable, MappingForm {
  case constant, uniform, normal, lognormal, zipf, pareto, measured

  static let selector = "kind"

  /// The keys of lengths of this kind.
  var keys: [FormatKey] {
    switch self {
    case .constant: WorkloadFormat.constantLengthKeys
    case .uniform: WorkloadFormat.uniformLengthKeys
    case .normal, .lognormal: WorkloadFormat.normalLengthKeys
    case .zipf: WorkloadFormat.zipfLengthKeys
    case .pareto: WorkloadFormat.paretoLengthKeys
    case .measured: WorkloadFormat.measuredLengthKeys
    }
  }
}

extension LengthDistribution {
  /// The kind in the text.
  var form: LengthForm {
    switch self {
    case .constant: .constant
    case .uniform: .uniform
    case .normal: .normal
    case .logNormal: .lognormal
    case .zipf: .zipf
    case .pareto: .pareto
    case .empirical: .measured
    }
  }
}
