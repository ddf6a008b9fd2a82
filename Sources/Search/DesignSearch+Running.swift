import CostModel
import Operators
public import Replay
import Scenarios
import Validation

extension DesignSearch {
  /// How a search is done. Nothing here but ``untilBest`` and ``prunes`` changes what is found.
  public struct Options: Sendable, Hashable {
    /// Replays at a time; 2 by default.
    public var threads = 2
    /// Whether designs are left out by bounds; on by default. Off, all that can run within the budget are replayed.
    public var prunes = true
    /// Whether designs are left out that cost more than one that holds the SLO, so that the front ends at the best one;
    /// off by default, and only where the objective is a cost.
    public var untilBest = false

    /// The defaults.
    public init() {}
  }

  /// Searches for the best designs for these requests.
  ///
  /// - Parameters:
  ///   - progress: Gets how many designs are dealt with, of how many that bounds left.
  ///   - shouldStop: Asked now and then; once it says true, no more designs are replayed.
  public func run(
    _ requests: RequestTable, options: Options = Options(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @Sendable () -> Bool = { false }
  ) throws(ReplayError) -> SearchResult {
    let demand = Demand(requests, space.objectives)
    var verdicts = designs.map { affordable($0).map(SearchResult.Verdict.pruned) }
    var asked = kinds.map { _ in false }
    for (number, design) in designs.enumerated() where verdicts[number] == nil {
      for kind in combinations[design.combination].kinds { asked[kind] = true }
    }
    let prices = prices(of: asked, threads: options.threads)
    let floors = try combinationFloors(
      prices, requests, demand,
      asked: Set(designs.indices.filter { verdicts[$0] == nil }.map { designs[$0].combination }),
      threads: options.threads)
    if options.prunes {
      for (number, design) in designs.enumerated() where verdicts[number] == nil {
        let floor = floors[design.combination]
        verdicts[number] = floor?.pruning(design.counts, for: space.objective).map { .pruned($0) }
      }
    }
    let costs = designs.map(cost)
    let order = designs.indices.filter { verdicts[$0] == nil }.sorted {
      (costs[$0], deviceCount(of: designs[$0]), $0) < (costs[$1], deviceCount(of: designs[$1]), $1)
    }
    var bar = Incumbents(space.objective, untilBest: options.untilBest)
    var place = 0
    progress(0, order.count)
    while place < order.count {
      // So many at a time, whatever the number of threads: what is left out follows from what was replayed before.
      var batch: [Int] = []
      while place < order.count, batch.count < Self.batch {
        let number = order[place]
        place += 1
        if options.prunes, let floor = floors[designs[number].combination],
          let pruning = bar.pruning(floor, cost: costs[number])
        {
          verdicts[number] = .pruned(pruning)
        } else {
          batch.append(number)
        }
      }
      let numbers = batch
      let outcomes = onThreads(options.threads, count: numbers.count) { place in
        replay(designs[numbers[place]], prices, requests, demand, shouldStop)
      }
      for (number, outcome) in zip(numbers, outcomes) {
        guard let outcome else {
          verdicts[number] = .pruned(Pruning(.stopped, text: "the search was stopped"))
          continue
        }
        verdicts[number] = .replayed(try outcome.get())
        if case .replayed(let outcome)? = verdicts[number] {
          bar.add(outcome, cost: costs[number], number: number)
        }
      }
      progress(place, order.count)
    }
    return SearchResult(
      self, verdicts.map { $0 ?? .pruned(Pruning(.stopped, text: "the search was stopped")) },
      costs: costs, requests: demand.count)
  }

  /// How many designs are replayed before others are held against them.
  private static let batch = 16

  /// Replays one design; nil where that was stopped.
  private func replay(
    _ design: Design, _ prices: [StepModel?], _ requests: RequestTable, _ demand: Demand,
    _ shouldStop: () -> Bool
  ) -> Result<DesignOutcome, ReplayError>? {
    guard !shouldStop() else { return nil }
    let pricings = combinations[design.combination].kinds.compactMap { prices[$0] }
    do throws(ReplayError) {
      let simulation = try Simulation(deployment: deployment(of: design), pricings: pricings)
      let result = simulation.run(requests, shouldStop: shouldStop)
      return result.isCut ? nil : .success(DesignOutcome(result, demand))
    } catch {
      return .failure(error)
    }
  }

  /// Why a design cannot be had, or nil.
  private func affordable(_ design: Design) -> Pruning? {
    let combination = combinations[design.combination]
    if let fault = combination.kinds.lazy.compactMap({ kinds[$0].fault }).first { return fault }
    var taken = space.devices.map { _ in 0 }
    for (kind, count) in zip(combination.kinds, design.counts) {
      taken[kinds[kind].device] += kinds[kind].devices * count
    }
    for (device, stock) in zip(taken, space.devices) where device > stock.count {
      return Pruning(
        .devices, Double(device), limit: Double(stock.count),
        text: "it takes \(device) × \(stock.device), and there are \(stock.count)")
    }
    let all = taken.reduce(0, +)
    if let most = space.budget.devices, all > most {
      return Pruning(
        .devices, Double(all), limit: Double(most),
        text: "it takes \(all) devices, and may take \(most)")
    }
    if let most = space.budget.pricePerHour, let price = pricePerHour(of: design), price > most {
      return Pruning(
        .price, price, limit: most,
        text: "it costs $\(fixedText(price, decimals: 2)) an hour, and may cost "
          + "$\(fixedText(most, decimals: 2))")
    }
    return nil
  }

  /// What designs of each combination can reach at best; nil for those that are not asked for.
  private func combinationFloors(
    _ prices: [StepModel?], _ requests: RequestTable, _ demand: Demand, asked: Set<Int>,
    threads: Int
  ) throws(ReplayError) -> [CombinationFloor?] {
    let found = onThreads(threads, count: kinds.count) {
      number -> Result<KindFloor, ReplayError>? in
      guard let price = prices[number] else { return nil }
      let group = kinds[number].group
      do throws(ReplayError) {
        let all = try group.servable(requests)
        return .success(
          KindFloor(
            group,
            price.floor(
              tokens: KindFloor.largestStep(of: group), sequences: group.sampledPositions,
              stages: group.pipelineParallel), demand,
            serves: demand.rows.map { all[$0] }, keepsLoads: space.mixesDevices))
      } catch {
        return .failure(error)
      }
    }
    var floors: [KindFloor?] = []
    for floor in found { floors.append(try floor?.get()) }
    let known = floors
    return onThreads(threads, count: combinations.count) { number -> CombinationFloor? in
      guard asked.contains(number) else { return nil }
      let combination = combinations[number]
      let parts = combination.kinds.compactMap { known[$0] }
      guard parts.count == combination.kinds.count else { return nil }
      return CombinationFloor(
        combination.arrangement, parts, demand,
        split: combination.arrangement == .split ? space.split : nil)
    }
  }
}

/// Designs that were replayed, each better than all cheaper ones: what the others are held against.
struct Incumbents {
  private let objective: SearchObjective
  private let untilBest: Bool
  private var best:
    [(cost: Double, within: Int, first: Nanoseconds, later: Nanoseconds, number: Int)] = []

  init(_ objective: SearchObjective, untilBest: Bool) {
    self.objective = objective
    self.untilBest = untilBest && (objective == .cost || objective == .devices)
  }

  /// Notes a design that was replayed.
  mutating func add(_ outcome: DesignOutcome, cost: Double, number: Int) {
    guard outcome.holds || objective == .goodput else { return }
    best.append(
      (
        cost, outcome.within, outcome.timeToFirstToken.last.flatMap { $0 } ?? DesignOutcome.never,
        outcome.timePerOutputToken.last.flatMap { $0 } ?? .zero, number
      ))
  }

  /// Why a design that costs so much need not be replayed: a cheaper one holds all that it may hold, and is as good as
  /// it can be in what the front shows.
  func pruning(_ floor: CombinationFloor, cost: Double) -> Pruning? {
    for other in best where other.cost < cost {
      let what: String
      switch objective {
      case .cost, .devices, .goodput:
        guard other.within >= floor.within || untilBest else { continue }
        what =
          other.within >= floor.within
          ? "has \(other.within) requests within the limits, and this one can have \(floor.within)"
          : "holds the SLO"
      case .ttft:
        guard let least = floor.timeToFirstToken, other.first <= least else { continue }
        what =
          "has P99 of TTFT at \(milliseconds(other.first)) ms, and this one's is at least "
          + "\(milliseconds(least)) ms"
      case .tpot:
        guard let least = floor.timePerOutputToken, other.later <= least else { continue }
        what =
          "has P99 of TPOT at \(milliseconds(other.later)) ms, and this one's is at least "
          + "\(milliseconds(least)) ms"
      }
      return Pruning(
        .dominated, Double(other.number), text: "design \(other.number) costs less and " + what)
    }
    return nil
  }
}
