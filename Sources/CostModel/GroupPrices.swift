internal import Analytical
internal import Operators

/// What data-parallel ranks that step together share: experts that are dealt out among them, which serve the
/// tokens of all, and the exchanges that bring tokens there and back, which last as long as the fullest rank's.
///
/// Experts are chosen evenly, so that each device has its even part of all ranks' tokens.
struct GroupPrices: Sendable {
  /// How many ranks there are.
  let ranks: Int
  /// Prices by the tokens of all ranks, from 0.
  private let byAll: [PartialPrice]
  /// Prices by the tokens of the fullest rank, from 0.
  private let byFullest: [PartialPrice]
  /// Prices of all that follows tokens where ranks run a captured graph together, by the tokens of the fullest
  /// one, from 0; empty without graphs.
  private var byGraph: [PartialPrice] = []

  /// Compiles what uses of operators ranks share, for so many tokens on each; nothing for a single rank.
  init(_ all: [OperatorUse], ranks: Int, _ longest: Int, _ model: CostModel) {
    /// The uses that follow one size, as if each followed the tokens of a step.
    func uses(of growth: OperatorUse.Growth) -> [OperatorUse] {
      all.compactMap { use -> OperatorUse? in
        guard use.growth == growth else { return nil }
        var single = use
        if case .fullestBytes(let each) = use.size {
          single.size = .bytes(perToken: each)
        } else {
          single.size = .tokens
        }
        return single
      }
    }
    let shared = uses(of: .groupTokens)
    self.ranks = shared.isEmpty ? 1 : ranks
    guard !shared.isEmpty else {
      (byAll, byFullest) = ([], [])
      return
    }
    let (tokens, overflow) = max(1, longest).multipliedReportingOverflow(by: ranks)
    byAll = StepModel.table(shared, overflow ? .max - 1 : tokens, model)
    byFullest = StepModel.table(uses(of: .fullestTokens), longest, model)
  }

  /// Whether ranks share nothing.
  var isEmpty: Bool { byAll.isEmpty }

  /// Has ranks run graphs of these sizes, up to the largest that was captured.
  mutating func pad(to largest: Int, _ sizes: [Int], _ byTokens: [PartialPrice]) {
    byGraph = []
    guard !isEmpty, largest > 0 else { return }
    byGraph.append(PartialPrice())
    for size in sizes where size <= largest && size >= byGraph.count {
      var whole = byTokens[size]
      whole.add(shared(all: size * ranks, fullest: size))
      byGraph += Array(repeating: whole, count: size + 1 - byGraph.count)
    }
  }

  /// What a rank's step takes that follows tokens, its own and its peers'.
  ///
  /// - Parameter byTokens: what its own take where no graph runs.
  @inline(__always)
  func price(_ shape: StepShape, _ byTokens: [PartialPrice]) -> PartialPrice {
    let fullest = shape.tokensOfFullest
    if fullest < byGraph.count { return byGraph[fullest] }
    var parts = StepModel.entry(byTokens, shape.tokens)
    parts.add(shared(all: shape.tokens(ofRanks: ranks), fullest: fullest))
    return parts
  }

  private func shared(all: Int, fullest: Int) -> PartialPrice {
    var parts = StepModel.entry(byAll, all)
    parts.add(StepModel.entry(byFullest, fullest))
    return parts
  }

  /// What follows tokens takes at least, in nanoseconds of device time, in steps of these numbers of tokens on one
  /// rank, whatever its peers compute.
  ///
  /// Measured times may fall as tokens rise, so that it is the least for all that the others may have.
  func floor(at sizes: [Int], _ byTokens: [PartialPrice]) -> [Double] {
    /// The least of a table's times from each size on; beyond its end they rise.
    func least(_ table: [PartialPrice]) -> [Double] {
      var times = table.map { $0.deviceTime.sum() }
      for place in times.indices.dropLast().reversed() {
        times[place] = min(times[place], times[place + 1])
      }
      return times
    }
    let (all, fullest, graph) = (least(byAll), least(byFullest), least(byGraph))
    return sizes.map { tokens in
      // Each other rank computes a token at least.
      let time =
        StepModel.entry(byTokens, tokens).deviceTime.sum()
        + all[min(tokens + ranks - 1, all.count - 1)] + fullest[min(tokens, fullest.count - 1)]
      return tokens < graph.count ? min(time, graph[tokens]) : time
    }
  }
}
