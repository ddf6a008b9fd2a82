public import Analytical
public import CostModel
public import Operators

/// What a run's steps ask of each operator, collected for a ``MeasurementPlan``.
///
/// Operators that follow one size are counted at each size of it. Attention is collected in cells of
/// an eighth of an octave, prefills and decodes apart, as sweeps measure them: the prefills of a step
/// as equal ones, its decodes as of their mean length. Each cell is priced at the mean of what fell
/// into it. So totals differ from a replay's by what several prefills or unequal lengths
/// in one call cost more or less than that.
public struct StepDemands: Sendable {
  private let uses: [OperatorUse]
  /// The sizes of captured graphs, ascending.
  private let graphs: [Int]
  private let model: CostModel
  /// How many ranks share experts; 1 where none do.
  private let ranks: Int
  /// One use of each size but attention's: where one goes, all others of the size go.
  private let sized: [OperatorUse]
  /// How often each point was visited, by what the operators of the pass grow with.
  private var visits: [OperatorUse.Size: [AxisPoint: Double]] = [:]
  private var prefills: [SIMD8<Int64>: Cell] = [:]
  private var decodes: [SIMD8<Int64>: Cell] = [:]

  /// What fell into one cell of attention's sizes.
  private struct Cell {
    var count = 0.0
    var sums: (Double, Double) = (0, 0)

    mutating func add(_ first: Double, _ second: Double, count more: Double) {
      count += more
      sums.0 += more * first
      sums.1 += more * second
    }

    /// The means, in whole tokens.
    var mean: (Int, Int) { (whole(sums.0 / count), whole(sums.1 / count)) }

    private func whole(_ size: Double) -> Int { Int(min(max(0, size.rounded()), 1e15)) }
  }

  /// An eighth of an octave: attention's time differs by less than its doubt within it.
  private static let parts = 8.0

  /// Begins with no steps.
  ///
  /// - Parameters:
  ///   - uses: the operators of a step on one device.
  ///   - model: what they cost.
  ///   - graphs: token counts of captured graphs: a step computes as many as the next one has, but for
  ///     attention and for what samples.
  public init(_ uses: [OperatorUse], on model: CostModel, paddedTo graphs: [Int] = []) {
    self.uses = uses
    self.graphs = graphs.sorted()
    self.model = model
    self.ranks =
      uses.lazy.compactMap { if case .groupTokens(let ranks) = $0.size { ranks } else { nil } }
      .first ?? 1
    var sizes: Set<OperatorUse.Size> = [.attention]
    self.sized = uses.filter { sizes.insert($0.size).inserted }
  }

  /// The operators of an engine's step on one device of a layout, as its prices are made of them.
  public static func operators(
    of architecture: ModelArchitecture, _ precision: Precision, _ layout: Parallelism,
    on model: CostModel
  ) -> [OperatorUse] {
    StepModel.operators(of: architecture, precision, layout, on: model)
  }

  /// Adds a run of decode steps, in each of which every sequence's context is a token longer, or one
  /// step of any shape.
  ///
  /// - Parameters:
  ///   - shape: the first step.
  ///   - steps: how many steps; only runs without prefills may be longer than one.
  ///   - weight: how often the run is counted.
  /// - Complexity: O(operators + log `steps`).
  public mutating func add(_ shape: StepShape, steps: Int = 1, weight: Double = 1) {
    guard shape.tokens > 0, steps > 0, weight > 0, weight.isFinite else { return }
    let count = Double(steps) * weight
    let (tokens, whole) = padded(shape)
    for use in sized {
      let point = use.growth == .tokens ? use.point(size: tokens) : use.point(in: whole)
      if point[0] > 0 { visits[use.size, default: [:]][point, default: 0] += count }
    }
    addPrefills(of: shape, count: count)
    addDecodes(of: shape, steps: steps, weight: weight)
  }

  /// The tokens that a step computes, and what it computes together with its peers: where a graph runs, as many
  /// as that has, on all ranks that share experts.
  private func padded(_ shape: StepShape) -> (tokens: Int, shape: StepShape) {
    let least = ranks > 1 ? shape.tokensOfFullest : shape.tokens
    guard let graph = graphs.first(where: { $0 >= least }) else { return (shape.tokens, shape) }
    guard ranks > 1 else { return (graph, shape) }
    var whole = shape
    (whole.groupTokens, whole.fullestTokens) = (ranks * graph, graph)
    return (graph, whole)
  }

  private mutating func addPrefills(of shape: StepShape, count: Double) {
    guard shape.prefillTokens > 0, shape.prefillSequences > 0 else { return }
    let sequences = Double(shape.prefillSequences)
    let tokens = max(1, (Double(shape.prefillTokens) / sequences).rounded())
    // The past of each that makes as many query-key pairs.
    let past = max(
      0, Double(shape.prefillPairs) / sequences / tokens - (tokens + 1) / 2)
    let place = AxisPoint(Int(tokens), Int(min(past, 1e15))).cell(parts: Self.parts)
    prefills[place, default: Cell()].add(tokens, past, count: count * sequences)
  }

  private mutating func addDecodes(of shape: StepShape, steps: Int, weight: Double) {
    guard shape.decodeSequences > 0 else { return }
    var context = Double(shape.decodeContext) / Double(shape.decodeSequences)
    var left = steps
    while left > 0 {
      // So many that the contexts of a piece are one length, within a sixteenth.
      let piece = min(left, max(1, Int(min(context / 16, 1e9))))
      let mean = context + Double(piece - 1) / 2
      let place = AxisPoint(0, 0, shape.decodeSequences, Int(min(mean, 1e15)))
        .cell(parts: Self.parts)
      decodes[place, default: Cell()].add(
        Double(shape.decodeSequences), mean, count: Double(piece) * weight)
      context += Double(piece)
      left -= piece
    }
  }

  /// What was collected, priced: a demand for each use of an operator and each point.
  ///
  /// - Parameter canMeasure: which operators a plan may ask for.
  /// - Complexity: a prediction for each operator and point.
  public func demands(
    where canMeasure: (Operator) -> Bool = { _ in true }
  ) -> [OperatorDemand] {
    uses.flatMap { use -> [OperatorDemand] in
      let isMeasurable = canMeasure(use.operator)
      return visited(use).compactMap { point, visits in
        model.predict(use.operator, at: point).map { prediction in
          OperatorDemand(
            use.operator, at: point,
            nanoseconds: prediction.nanoseconds * visits * Double(use.count),
            relativeError: prediction.relativeError, evidence: prediction.evidence,
            isMeasurable: isMeasurable)
        }
      }
    }
  }

  /// The points at which an operator was run, in order, and how often each.
  private func visited(_ use: OperatorUse) -> [(AxisPoint, Double)] {
    guard use.size == .attention else {
      return (visits[use.size] ?? [:]).sorted { $0.key.precedes($1.key) }
        .map { ($0.key, $0.value) }
    }
    // An encoder's attention has other axes, and nothing replays encoders.
    guard use.operator.kind.isStepAttention else { return [] }
    let points =
      prefills.values.map { (AxisPoint($0.mean.0, $0.mean.1), $0.count) }
      + decodes.values.map { (AxisPoint(0, 0, $0.mean.0, $0.mean.1), $0.count) }
    return points.sorted {
      $0.0 != $1.0 ? $0.0.precedes($1.0) : $0.1 < $1.1
    }
  }
}
