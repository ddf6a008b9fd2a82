public import Analytical
public import OperatorStore
public import Operators

/// A deployment's step, compiled from a cost model into flat tables.
///
/// Everything that grows with the step's tokens alone is summed once for every token count, and
/// so is what grows with the sequences that sample; a step then costs two look-ups and one
/// interpolation of attention.
public struct StepModel: StepPricing {
  /// What the compiled tables rest on, operator by operator, at one size of step.
  public struct Share: Sendable, Hashable {
    /// The operator's role in the model.
    public var role: String
    /// How often a step runs it.
    public var count: Int
    /// The prediction for one run of it.
    public var prediction: Prediction
  }

  private let model: CostModel
  private let uses: [OperatorUse]
  /// Prices by token count, from 0.
  private let byTokens: [StepPrice]
  /// Prices by sequences that sample, from 0.
  private let bySampled: [StepPrice]
  private let attention: [(use: OperatorUse, curve: FittedCurve?)]
  private let calibration: StoredCalibration?

  private static let longestTable = 32_768

  /// Compiles a deployment's step.
  ///
  /// - Parameters:
  ///   - architecture: the model that is served.
  ///   - dataType: of weights and activations.
  ///   - tensorParallel: devices that share each layer.
  ///   - model: what one of those devices costs.
  ///   - maximumTokens: the step's token budget.
  ///   - maximumSequences: the most sequences that can sample in a step.
  ///   - calibration: what kernels cannot know, if it was fitted.
  ///
  /// Tables end at 32,768 entries, far beyond where operators are proportional to their size;
  /// larger steps are priced in proportion to the last entry.
  ///
  /// - Complexity: O(operators · `maximumTokens`).
  public init(
    _ architecture: ModelArchitecture, _ dataType: DataType, tensorParallel: Int,
    on model: CostModel, maximumTokens: Int, maximumSequences: Int,
    calibration: StoredCalibration? = nil
  ) {
    // Serving engines fuse the residual sum into the norm; where it is an operator of its own,
    // the device's samples hold it.
    let uses = architecture.forwardPass(
      dataType, tensorParallel: tensorParallel, fusesResiduals: !model.knows(.elementwise))
    self.model = model
    self.uses = uses
    self.attention = uses.filter { $0.size == .attention }.map { ($0, model.curves[$0.operator]) }
    self.calibration = calibration
    self.byTokens = (0...min(max(1, maximumTokens), Self.longestTable)).map { tokens in
      Self.sum(uses.filter { $0.size != .attention && $0.size != .sampledSequences }, tokens, model)
    }
    self.bySampled = (0...min(max(1, maximumSequences), Self.longestTable)).map { sequences in
      Self.sum(uses.filter { $0.size == .sampledSequences }, sequences, model)
    }
  }

  /// The predicted duration of a step, with its evidence and standard error.
  public func price(_ shape: StepShape) -> StepPrice {
    guard shape.tokens > 0 else { return StepPrice() }
    var price = Self.entry(byTokens, shape.tokens)
    price.add(Self.entry(bySampled, shape.sampledSequences))
    for (use, curve) in attention {
      guard let estimate = model.estimate(use.operator, curve, shape) else { continue }
      price.add(estimate, count: use.count)
    }
    if let calibration {
      price.deviceTime *= calibration.deviceScale
      price.standardError *= calibration.deviceScale
      let sequences = Double(shape.prefillSequences + shape.decodeSequences)
      price.hostTime =
        calibration.perStep + calibration.perSequence * sequences
        + calibration.perToken * Double(shape.tokens)
    }
    return price
  }

  /// What a step of this shape is made of, in the order of the forward pass.
  public func shares(of shape: StepShape) -> [Share] {
    uses.compactMap { use in
      let prediction: Prediction?
      switch use.size {
      case .attention: prediction = model.predict(use.operator, shape)
      case .sampledSequences:
        prediction = model.predict(use.operator, at: AxisPoint(shape.sampledSequences))
      default: prediction = model.predict(use.operator, at: use.point(tokens: shape.tokens))
      }
      return prediction.map { Share(role: use.role, count: use.count, prediction: $0) }
    }
  }

  private static func sum(_ uses: [OperatorUse], _ size: Int, _ model: CostModel) -> StepPrice {
    var price = StepPrice()
    guard size > 0 else { return price }
    for use in uses {
      guard let prediction = model.predict(use.operator, at: use.point(tokens: size)) else {
        continue
      }
      price.add(
        .init(
          nanoseconds: prediction.nanoseconds, error: prediction.relativeError,
          evidence: prediction.evidence, distance: 0), count: use.count)
    }
    return price
  }

  private static func entry(_ table: [StepPrice], _ index: Int) -> StepPrice {
    let last = table.count - 1
    if index <= last { return table[index] }
    var price = table[last]
    let factor = Double(index) / Double(last)
    price.deviceTime *= factor
    price.standardError *= factor
    return price
  }
}

extension StepPrice {
  /// Adds another part of the same step; errors of different operators are independent.
  mutating func add(_ other: StepPrice) {
    deviceTime += other.deviceTime
    hostTime += other.hostTime
    standardError =
      (standardError * standardError + other.standardError * other.standardError).squareRoot()
  }

  /// Adds `count` runs of one operator; its layers share a curve, so their errors add up.
  mutating func add(_ estimate: FittedCurve.Estimate, count: Int) {
    let time = estimate.nanoseconds * Double(count)
    let error = time * estimate.error
    self[estimate.evidence] += time
    standardError = (standardError * standardError + error * error).squareRoot()
  }
}
