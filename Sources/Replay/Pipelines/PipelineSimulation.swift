public import Operators
public import RequestLogs
import Scenarios

/// A replay of requests through the pipelines of a scenario.
///
///     let simulation = try PipelineSimulation(plan)
///     let result = simulation.run { log.next() }
///     print(result.endToEnd.statistics)
///
/// A discrete-event simulation in whole nanoseconds. Engines of language models decide their steps as in
/// ``Simulation``; encoders, hosts, stores, externals and the network share one clock with them. The result is
/// the same to the bit for the same input and seed. Memory goes with the requests under way and with what stores
/// hold, not with the number of requests; only sessions are kept, those that were seen.
///
/// - Complexity: O(log n) of what is foreseen for each stage, transfer and step, beside what steps cost; and for
///   each stage one look at each engine of its pool, at each request there where the routing asks for progress.
public struct PipelineSimulation: Sendable {
  /// What is simulated.
  public let plan: ScenarioPlan
  /// Whether ``PipelineResult/load`` is recorded; off by default.
  public var recordsLoad = false
  /// How many clients send the requests, each the next session when its last one has ended, whatever the recorded
  /// arrivals; a request without a session is one by itself. Memory then goes with the number of requests. Nil, the
  /// default, sends at the recorded times.
  public var clients: Int?
  /// The time between two sessions of a client.
  public var clientPause = Nanoseconds.zero

  /// Checks a plan.
  ///
  /// - Throws: ``PipelineError`` if prices are missing, or parts do not fit together.
  public init(_ plan: ScenarioPlan) throws(PipelineError) {
    if let conflict = plan.scenario.firstConflict { throw .conflict("\(conflict)") }
    self.plan = plan
    _ = try PipelineFleet(plan, tokensPerBlock: 16, collect: nil)
  }

  /// Replays requests until all have ended.
  ///
  /// - Parameters:
  ///   - shouldStop: asked every thousand instants; once it says true the replay ends there, and the result is
  ///     ``PipelineResult/isCut``.
  ///   - outcome: gets what became of each request, in the order of their ends; nil for nobody.
  ///   - next: the next request, no earlier than the one before it; nil at the end. One that comes earlier
  ///     arrives together with the one before.
  public func run(
    shouldStop: () -> Bool = { false }, outcome: ((JourneyOutcome) -> Void)? = nil,
    _ next: () throws -> RequestRecord?
  ) rethrows -> PipelineResult {
    try drive(shouldStop: shouldStop, outcome: outcome, next).close()
  }

  /// The same, and what happened meanwhile.
  ///
  /// - Parameter trace: gets it; empty before.
  public func run(
    tracing trace: inout PipelineTrace, shouldStop: () -> Bool = { false },
    outcome: ((JourneyOutcome) -> Void)? = nil, _ next: () throws -> RequestRecord?
  ) rethrows -> PipelineResult {
    var fleet = try drive(tracing: trace, shouldStop: shouldStop, outcome: outcome, next)
    for engine in fleet.engines.indices where fleet.engines[engine].kind == .model {
      fleet.traceSteps(of: engine, all: true)
    }
    if let kept = fleet.trace { trace = kept }
    return fleet.close()
  }

  /// Replays requests; everything as it stands at the end.
  func drive(
    tracing trace: PipelineTrace? = nil, shouldStop: () -> Bool = { false },
    outcome: ((JourneyOutcome) -> Void)? = nil, _ next: () throws -> RequestRecord?
  ) rethrows -> PipelineFleet {
    // The next request, if any; on the heap, as a large local value is copied at each turn of the loop.
    var upcoming: [RequestRecord] = []
    if let first = try next() { upcoming.append(first) }
    let size =
      upcoming.first.map { $0.content.isEmpty ? 16 : max(1, $0.tokensPerContentName) } ?? 16
    guard
      var fleet = try? PipelineFleet(plan, tokensPerBlock: size, trace: trace, collect: outcome)
    else { preconditionFailure("a plan that was checked does not fit together") }
    fleet.sessions = SessionGate(clients: clients, clientPause: clientPause)
    if recordsLoad { fleet.load = PipelineLoad(fleet) }
    fleet.nextArrival = arrival(of: upcoming.first, after: 0)
    var offered = 0
    var untilLook = 1024
    while true {
      let arrival = fleet.nextArrival
      let time = fleet.nextTime
      fleet.sampleLinks(by: min(time, arrival))
      // At one instant changes of engines come before arrivals, and these before all else.
      if arrival < time || (arrival == time && time < .max && !fleet.changesNext),
        var current = upcoming.popLast()
      {
        if clients != nil { leaveToClients(&current, number: offered) }
        fleet.offer(current, number: offered, at: arrival)
        offered += 1
        if let following = try next() { upcoming.append(following) }
        fleet.nextArrival = self.arrival(of: upcoming.first, after: arrival)
      } else if time < .max, !fleet.isOver {
        fleet.advance(changesOnly: arrival == time)
      } else {
        break
      }
      untilLook -= 1
      if untilLook == 0 {
        if shouldStop() {
          fleet.result.isCut = true
          break
        }
        untilLook = 1024
      }
    }
    fleet.load?.end(with: &fleet.links)
    return fleet
  }

  /// When a request arrives, no earlier than the one before it; `.max` for none.
  private func arrival(of record: RequestRecord?, after latest: Int64) -> Int64 {
    guard let record else { return .max }
    return clients == nil ? min(max(record.arrival.rawValue, latest), .max - 1) : 0
  }

  /// Leaves it to the clients when a request is sent.
  private func leaveToClients(_ record: inout RequestRecord, number: Int) {
    record.arrival = .zero
    // No log has such a name.
    if record.session == nil { record.session = "\u{0}\(number)" }
  }
}
