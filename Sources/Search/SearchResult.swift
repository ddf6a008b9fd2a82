import Operators
import Scenarios

/// What a search found.
public struct SearchResult: Sendable {
  /// What became of a design.
  public enum Verdict: Sendable, Hashable {
    /// It was not replayed.
    case pruned(Pruning)
    /// It was replayed.
    case replayed(DesignOutcome)
  }

  /// What became of each design, in their order.
  public let verdicts: [Verdict]
  /// The best design, by its number; nil where none holds what the objective asks for.
  public let best: Int?
  /// The designs that no other beats, the cheapest first, of those that hold the SLO (of all, where the objective is
  /// goodput): in cost, and in requests within the limits or, where the objective is a latency, in that one.
  public let front: [Int]
  /// Requests that designs are judged by.
  public let requests: Int

  /// Whether the search was stopped before it had dealt with all designs.
  public var isCut: Bool { count(of: .stopped) > 0 }

  /// How many designs were not replayed for this reason.
  public func count(of reason: Pruning.Reason) -> Int {
    verdicts.count {
      if case .pruned(let pruning) = $0 { return pruning.reason == reason }
      return false
    }
  }

  /// What a replay of a design came to; nil where there was none.
  public func outcome(of number: Int) -> DesignOutcome? {
    guard verdicts.indices.contains(number), case .replayed(let outcome) = verdicts[number] else {
      return nil
    }
    return outcome
  }

  /// Ranks what was replayed.
  init(_ search: DesignSearch, _ verdicts: [Verdict], costs: [Double], requests: Int) {
    self.verdicts = verdicts
    self.requests = requests
    let objective = search.space.objective
    let ranked = verdicts.indices.compactMap { number -> Rank? in
      guard case .replayed(let outcome) = verdicts[number] else { return nil }
      return Rank(outcome, cost: costs[number], number: number)
    }
    best =
      ranked.filter { $0.holds || objective == .goodput }
      .min { $0.isBetter(than: $1, by: objective) }?.number
    let isLatency = objective == .ttft || objective == .tpot
    var front: [Rank] = []
    let able = ranked.filter { objective == .goodput ? $0.within > 0 : $0.holds }
    let sorted = able.sorted { left, right in
      left.cost != right.cost
        ? left.cost < right.cost : left.isBetter(than: right, by: isLatency ? objective : .goodput)
    }
    for rank in sorted where front.last.map({ rank.beats($0, in: objective) }) ?? true {
      front.append(rank)
    }
    self.front = front.map(\.number)
  }
}

/// What a design is ranked by.
private struct Rank {
  let holds: Bool
  let cost: Double
  let within: Int
  let first, later: Nanoseconds
  let number: Int

  init(_ outcome: DesignOutcome, cost: Double, number: Int) {
    holds = outcome.holds
    self.cost = cost
    within = outcome.within
    first = outcome.timeToFirstToken.last.flatMap { $0 } ?? DesignOutcome.never
    later = outcome.timePerOutputToken.last.flatMap { $0 } ?? .zero
    self.number = number
  }

  /// Whether this one comes before another.
  func isBetter(than other: Rank, by objective: SearchObjective) -> Bool {
    let rest = (cost, -within, first, later, number)
    let otherRest = (other.cost, -other.within, other.first, other.later, other.number)
    switch objective {
    case .cost, .devices: return rest < otherRest
    case .goodput:
      return (-within, cost, first, later, number)
        < (-other.within, other.cost, other.first, other.later, other.number)
    case .ttft: return first != other.first ? first < other.first : rest < otherRest
    case .tpot: return later != other.later ? later < other.later : rest < otherRest
    }
  }

  /// Whether it is better than a cheaper one in what the front shows.
  func beats(_ other: Rank, in objective: SearchObjective) -> Bool {
    switch objective {
    case .cost, .devices, .goodput: within > other.within
    case .ttft: first < other.first
    case .tpot: later < other.later
    }
  }
}
