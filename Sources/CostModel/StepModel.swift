public import Analytical
public import OperatorStore
public import Operators

/// A deployment's step, compiled from a cost model into flat tables.
///
/// Everything that grows with the step's tokens alone is summed once for every token count, and
/// so is what grows with the sequences that sample; a step then costs two look-ups and one
/// interpolation of attention. Experts that are dealt out among data-parallel ranks cost two look-ups
/// more: by the tokens of all ranks, and of the fullest one.
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

  let model: CostModel
  private let uses: [OperatorUse]
  /// Prices by token count, from 0.
  let exactByTokens: [PartialPrice]
  /// The same with each step padded to the next captured graph.
  private(set) var byTokens: [PartialPrice]
  /// Prices by sequences that sample, from 0.
  let bySampled: [PartialPrice]
  /// Prices of what ranks that step together share.
  private(set) var together: GroupPrices
  let attention: [(candidates: CostModel.Candidates, count: Int, family: Int)]
  /// What grows with neither alone.
  private let others: [(candidates: CostModel.Candidates, use: OperatorUse)]
  let calibration: StepParameters?
  /// By how many of its standard errors each step's device time is shifted.
  private var shift = 0.0

  private static let longestTable = 32_768

  /// Compiles the step of engines that share nothing but their own layers.
  ///
  /// - Parameters:
  ///   - tensorParallel: devices that share each layer.
  ///   - pipelineParallel: stages that share the layers.
  public init(
    _ architecture: ModelArchitecture, _ precision: Precision, tensorParallel: Int,
    pipelineParallel: Int = 1, on model: CostModel, maximumTokens: Int, maximumSequences: Int,
    calibration: StoredCalibration? = nil
  ) {
    self.init(
      architecture, precision,
      Parallelism(tensor: max(1, tensorParallel), pipeline: max(1, pipelineParallel)), on: model,
      maximumTokens: maximumTokens, maximumSequences: maximumSequences, calibration: calibration)
  }

  /// Compiles a deployment's step.
  ///
  /// - Parameters:
  ///   - architecture: the model that is served.
  ///   - precision: the types of its numbers.
  ///   - layout: how the model lies on devices. A step is priced through all pipeline stages, with what passing
  ///     on costs, and is that of one data-parallel rank beside the others.
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
    _ architecture: ModelArchitecture, _ precision: Precision, _ layout: Parallelism,
    on model: CostModel, maximumTokens: Int, maximumSequences: Int,
    calibration: StoredCalibration? = nil
  ) {
    let uses = Self.operators(of: architecture, precision, layout, on: model)
    model.prepare(uses.map(\.operator))
    self.model = model
    self.uses = uses
    self.attention = uses.filter { $0.size == .attention }.map {
      (
        model.candidates(for: $0.operator), $0.count,
        PartialPrice.family(of: $0.operator.kind)
      )
    }
    self.calibration = calibration.map { StepParameters($0) }
    self.others = uses.filter { $0.growth == .several }.map {
      (model.candidates(for: $0.operator), $0)
    }
    self.exactByTokens = Self.table(uses.filter { $0.growth == .tokens }, maximumTokens, model)
    self.byTokens = exactByTokens
    self.bySampled = Self.table(uses.filter { $0.growth == .sampled }, maximumSequences, model)
    self.together = GroupPrices(uses, ranks: layout.data, maximumTokens, model)
  }

  /// The forward pass as the device's runtime runs it.
  ///
  /// Serving engines fuse the residual sum into the norm. Where one runtime measured both the norm
  /// and the sum as operators of their own, that runtime does not fuse.
  package static func operators(
    of architecture: ModelArchitecture, _ precision: Precision, _ layout: Parallelism,
    on model: CostModel
  ) -> [OperatorUse] {
    let apart = architecture.forwardPass(precision, layout, fusesResiduals: false)
    func runtime(_ kind: OperatorKind) -> String? {
      apart.first { $0.operator.kind == kind }.flatMap {
        model.curves.curve(of: $0.operator)?.runtime
      }
    }
    if let norm = runtime(.rmsNorm), norm == runtime(.elementwise) { return apart }
    return architecture.forwardPass(precision, layout)
  }

  /// The model of steps that run captured graphs: one of no more tokens than the largest computes as
  /// many as the next one has, but for attention and for what samples. Ranks that step together all compute
  /// as many as the fullest one has to (as vLLM pads them).
  ///
  /// - Parameter sizes: token counts of the graphs, ascending; with none, steps are as they are.
  public func padded(to sizes: [Int]) -> StepModel {
    var padded = self
    padded.byTokens = exactByTokens
    var first = 1
    for size in sizes where size < exactByTokens.count && size >= first {
      for tokens in first..<size { padded.byTokens[tokens] = exactByTokens[size] }
      first = size + 1
    }
    padded.together.pad(to: first - 1, sizes, exactByTokens)
    return padded
  }

  /// The predicted duration of a step, with its evidence and standard error.
  public func price(_ shape: StepShape) -> StepPrice {
    guard shape.tokens > 0 else { return StepPrice() }
    var parts =
      together.isEmpty ? Self.entry(byTokens, shape.tokens) : together.price(shape, exactByTokens)
    parts.add(Self.entry(bySampled, shape.sampledSequences))
    for (candidates, count, family) in attention {
      parts.add(model.estimate(candidates, attention: shape), count: count, family: family)
    }
    for (candidates, use) in others {
      let point = use.point(in: shape)
      guard point[0] > 0, let work = candidates.work?.work(at: point) else { continue }
      parts.add(
        model.estimate(candidates, sizes: point.sizes, work: work), count: use.count,
        of: use.operator.kind)
    }
    var price = parts.price(shift: shift)
    calibration?.apply(to: &price, of: shape)
    return price
  }

  /// The same steps with every device time at that many standard errors above the predicted one (below,
  /// if negative), as a factor: all steps err the same way, and a calibration is taken as exact.
  public func shifted(by standardErrors: Double) -> StepModel {
    var model = self
    model.shift = standardErrors
    return model
  }

  /// What a step of this shape is made of, in the order of the forward pass: as predicted, before padding,
  /// calibration and ``shifted(by:)``.
  public func shares(of shape: StepShape) -> [Share] {
    uses.compactMap { use in
      let prediction =
        use.size == .attention
        ? model.predict(use.operator, shape)
        : model.predict(use.operator, at: use.point(in: shape))
      return prediction.map { Share(role: use.role, count: use.count, prediction: $0) }
    }
  }

  static func table(
    _ uses: [OperatorUse], _ longest: Int, _ model: CostModel
  ) -> [PartialPrice] {
    let candidates = uses.map { model.candidates(for: $0.operator) }
    let entries = 1 + min(max(1, longest), longestTable)
    return onThreads(CostModel.threads, count: 1 + (entries - 1) / entriesAtOnce) { part in
      let sizes = part * entriesAtOnce..<min(entries, (part + 1) * entriesAtOnce)
      var prices = [PartialPrice](repeating: PartialPrice(), count: sizes.count)
      // Operators outside: their references are then counted once, not for each size.
      for (use, candidates) in zip(uses, candidates) {
        guard let law = candidates.work else { continue }
        let kind = use.operator.kind
        for size in sizes where size > 0 {
          let point = use.point(size: size)
          prices[size - sizes.lowerBound].add(
            model.estimate(candidates, sizes: point.sizes, work: law.work(at: point)),
            count: use.count, of: kind)
        }
      }
      return prices
    }.flatMap(\.self)
  }

  /// How many entries of a table one thread makes at once.
  private static let entriesAtOnce = 1024

  /// A table's price at a size; beyond its end in proportion to the last one.
  static func entry(_ table: [PartialPrice], _ index: Int) -> PartialPrice {
    let last = table.count - 1
    if index <= last { return table[index] }
    var parts = table[last]
    parts.scale(by: Double(index) / Double(last))
    return parts
  }
}
