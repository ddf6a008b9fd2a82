public import CostModel

/// One of the numbers that a calibration fits, in the order in which they are trusted: where two
/// cannot be told apart, the later one is held at its default.
public enum StepParameter: Int, CaseIterable, Sendable, Hashable {
  /// Factor on all device time; 1 by default.
  case deviceScale
  /// Host time a step; none by default.
  case perStep
  /// Host time a sequence in the batch; none by default.
  case perSequence
  /// Host time a query token; none by default.
  case perToken
  /// Factor on collectives beside that; 1 by default. Only steps tell it: to requests it is device time.
  case collectiveScale

  /// Those that the latencies of requests can tell.
  static let ofRequests: [StepParameter] = allCases.filter { $0 != .collectiveScale }

  /// What people read.
  public var title: String {
    switch self {
    case .deviceScale: "the factor on device time"
    case .perStep: "host time a step"
    case .perSequence: "host time a sequence"
    case .perToken: "host time a token"
    case .collectiveScale: "the factor on collectives"
    }
  }

  /// What it is where nothing was fitted.
  public var defaultValue: Double { self == .deviceScale || self == .collectiveScale ? 1 : 0 }
}

extension StepParameters {
  /// One of the numbers: a factor, or nanoseconds.
  public subscript(parameter: StepParameter) -> Double {
    get {
      switch parameter {
      case .deviceScale: deviceScale
      case .perStep: perStep
      case .perSequence: perSequence
      case .perToken: perToken
      case .collectiveScale: collectiveScale
      }
    }
    set {
      switch parameter {
      case .deviceScale: deviceScale = newValue
      case .perStep: perStep = newValue
      case .perSequence: perSequence = newValue
      case .perToken: perToken = newValue
      case .collectiveScale: collectiveScale = newValue
      }
    }
  }
}
