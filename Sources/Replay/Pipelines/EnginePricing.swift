public import CostModel
public import Operators

/// What steps of an engine cost: one of the two ways there are, without a generic parameter, so that engines
/// of several models stand side by side in one replay. Boxed, as it is handed on at each step.
public indirect enum EnginePricing: StepPricing {
  /// From measured curves, or the roofline.
  case model(StepModel)
  /// From coefficients that somebody knows.
  case linear(LinearStepModel)

  /// The predicted duration of a step of this shape.
  public func price(_ shape: StepShape) -> StepPrice {
    switch self {
    case .model(let model): model.price(shape)
    case .linear(let model): model.price(shape)
    }
  }

  /// The same steps at another place in their doubt.
  public func shifted(by standardErrors: Double) -> Self {
    switch self {
    case .model(let model): .model(model.shifted(by: standardErrors))
    case .linear(let model): .linear(model.shifted(by: standardErrors))
    }
  }
}
