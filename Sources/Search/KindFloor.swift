import CostModel
import Replay
import Scenarios

/// What requests take at least on engines of one kind: bounds of its replay.
///
/// - The first token comes no sooner than the request's own prompt takes, alone on an engine, what others left in the
///   cache aside.
/// - Each later token takes a step of its own, which is no shorter than the shortest.
/// - An engine is busy for all tokens of its requests, at the best size of step for them.
struct KindFloor: Sendable {
  let group: EngineGroup
  let steps: StepFloor
  /// Of each request of the demand, whether an engine can ever compute its part.
  let serves: [Bool]
  /// The most prompt tokens of one request in a step.
  private let chunk: Int
  /// The most tokens that a sequence gets in a step.
  private let tokensPerStep: Int
  /// The most tokens of a step.
  private let largestStep: Int

  /// How many engines the work takes that their role has in the SLO, at least, if they have to do all of it.
  private(set) var needed = 0.0
  /// The same of prompts alone; zero for engines that only decode.
  private(set) var neededForPrompts = 0.0
  /// The work of each request that ``needed`` is of, in nanoseconds of one engine; empty unless asked for.
  private(set) var loads: [Double] = []

  /// - Parameters:
  ///   - serves: of each request of the demand.
  ///   - keepsLoads: whether ``loads`` is asked for.
  init(
    _ group: EngineGroup, _ steps: StepFloor, _ demand: Demand, serves: [Bool], keepsLoads: Bool
  ) {
    self.group = group
    self.steps = steps
    self.serves = serves
    tokensPerStep = 1 + (group.speculation?.tokens ?? 0)
    largestStep = Self.largestStep(of: group)
    // Other policies may do as they like.
    let threshold = group.longPrefillTokenThreshold
    chunk =
      group.policy == .vllm
      ? min(group.maxBatchedTokens, threshold > 0 ? threshold : .max) : largestStep
    guard demand.isOpen else { return }
    if group.role != .decode {
      neededForPrompts = Self.needed(work(.prompts, demand), .prompts, demand)
    }
    guard group.role != .prefill else { return }
    let loads = work(group.role == .decode ? .decodes : .all, demand)
    needed = Self.needed(loads, .all, demand)
    if keepsLoads { self.loads = loads }
  }

  private static func needed(
    _ work: [Double], _ part: Deadlines.Part, _ demand: Demand
  ) -> Double {
    let most = demand.deadlines.lazy.filter { $0.part == part }.map {
      $0.enginesNeeded(work, demand.arrivals)
    }.max()
    // The last bits of sums are not to be relied on.
    return (most ?? 0) * (1 - 1e-9)
  }

  /// A number of tokens that no step of an engine exceeds, whatever its policy.
  static func largestStep(of group: EngineGroup) -> Int {
    group.maxBatchedTokens + group.sampledPositions
  }

  /// The prompt tokens that must be computed, and those before them.
  private func prompt(_ row: Int, _ demand: Demand) -> (tokens: Int, past: Int) {
    let input = demand.inputs[row]
    let past = group.enablesPrefixCaching ? min(demand.shared[row], input - 1) : 0
    return (input - past, past)
  }

  /// Nanoseconds from arrival to first token, at least.
  func timeToFirstToken(_ row: Int, _ demand: Demand) -> Double {
    let (tokens, past) = prompt(row, demand)
    let count = Double((tokens + chunk - 1) / chunk)
    // Chunks of one prompt may follow each other through the stages of a pipeline.
    let share = Double(steps.stages)
    var time = steps.shortest
    for line in steps.stages > 1 ? steps.occupancy : steps.latency {
      time = max(time, count * line.perStep + Double(tokens) * line.perToken)
    }
    return time
      + (steps.sampling
        + steps.attention.reduce(0) { $0 + $1.prefill(tokens: tokens, past: past).max() }) / share
  }

  /// Nanoseconds from first to last token, at least; zero of a single token.
  func decoding(_ row: Int, _ demand: Demand) -> Double {
    let tokens = demand.outputs[row] - 1
    let count = Double((tokens + tokensPerStep - 1) / tokensPerStep)
    return count * (steps.shortest + steps.sampling)
      + steps.attention.reduce(0) { $0 + decode($1, row, demand).max() }
  }

  private func decode(
    _ attention: StepFloor.Attention, _ row: Int, _ demand: Demand
  ) -> SIMD2<Double> {
    // Several tokens of a draft read their keys together.
    guard tokensPerStep == 1 else { return .zero }
    return attention.decode(tokens: demand.outputs[row] - 1, context: demand.inputs[row] + 1)
  }

  // MARK: Work

  /// What of requests an engine does.
  private enum Part {
    case prompts, decodes, all
  }

  /// How many steps the requests' tokens are spread over at least.
  private enum Spread: CaseIterable {
    /// No step has more tokens than the budget.
    case tokens
    /// No step has more decodes than sequences may run.
    case sequences
    /// No step has decodes whose keys and values do not fit into memory together.
    case memory
  }

  /// Nanoseconds of one engine that each request takes at least, added over any set of requests; zero for those that
  /// cannot run here.
  ///
  /// Each choice below (a line under the table of steps, what steps are counted by, arithmetic or traffic) is a bound;
  /// those are taken that are largest for all requests together.
  private func work(_ part: Part, _ demand: Demand) -> [Double] {
    let rows = 0..<demand.count
    func steps(_ row: Int, _ spread: Spread) -> Double {
      switch spread {
      case .tokens: tokens(row, part, demand) / Double(largestStep)
      case .sequences: decodes(row, part, demand) / Double(group.maxSequences * tokensPerStep)
      case .memory: blocks(row, part, demand)
      }
    }
    let served = rows.filter { serves[$0] }
    let allTokens = served.reduce(0) { $0 + tokens($1, part, demand) }
    var best = (
      time: -1.0, line: StepFloor.Line(perStep: 0, perToken: 0), spread: Spread.tokens,
      sampling: 0.0
    )
    for spread in Spread.allCases {
      let all = served.reduce(0) { $0 + steps($1, spread) }
      // Steps that are counted by decodes all sample.
      let sampling = spread == .tokens ? 0 : self.steps.sampling / Double(self.steps.stages)
      for line in self.steps.occupancy {
        let time = (line.perStep + sampling) * all + line.perToken * allTokens
        if time > best.time { best = (time, line, spread, sampling) }
      }
    }
    // Of each operator of attention, whether arithmetic or traffic is more.
    let places = self.steps.attention.map { attention in
      let sum = served.reduce(SIMD2<Double>.zero) {
        $0 + self.attention(attention, $1, part, demand)
      }
      return sum.x >= sum.y ? 0 : 1
    }
    return rows.map { row in
      guard serves[row] else { return 0 }
      var time =
        (best.line.perStep + best.sampling) * steps(row, best.spread)
        + best.line.perToken * tokens(row, part, demand)
      for (attention, place) in zip(self.steps.attention, places) {
        time += self.attention(attention, row, part, demand)[place] / Double(self.steps.stages)
      }
      return time
    }
  }

  private func tokens(_ row: Int, _ part: Part, _ demand: Demand) -> Double {
    let prompt = part == .decodes ? 0 : prompt(row, demand).tokens
    return Double(prompt) + decodes(row, part, demand)
  }

  private func decodes(_ row: Int, _ part: Part, _ demand: Demand) -> Double {
    part == .prompts ? 0 : Double(demand.outputs[row] - 1)
  }

  /// The part of the engine's blocks that a request holds, over the steps in which it decodes.
  private func blocks(_ row: Int, _ part: Part, _ demand: Demand) -> Double {
    let tokens = decodes(row, part, demand)
    guard tokens > 0, let blocks = group.blockCount else { return 0 }
    var held = Double(demand.inputs[row])
    // Drafts bring several tokens at once; what is shared may lie there for others, too.
    if tokensPerStep == 1 { held += (tokens - 1) / 2 }
    if group.enablesPrefixCaching { held = max(0, held - Double(demand.shared[row])) }
    return tokens / Double(tokensPerStep) * held / Double(group.blockSize * max(1, blocks - 1))
  }

  private func attention(
    _ attention: StepFloor.Attention, _ row: Int, _ part: Part, _ demand: Demand
  ) -> SIMD2<Double> {
    var times = SIMD2<Double>.zero
    if part != .decodes {
      let (tokens, past) = prompt(row, demand)
      times += attention.prefill(tokens: tokens, past: past)
    }
    if part != .prompts { times += decode(attention, row, demand) }
    return times
  }
}
