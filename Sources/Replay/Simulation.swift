public import CostModel
public import RequestLogs
public import Scenarios

/// A replay of requests on the engines of a deployment.
///
///     let simulation = try Simulation(deployment: deployment, pricings: [model])
///     let result = simulation.run(requests)
///     print(ReplaySummary(result))
///
/// A discrete-event simulation in whole nanoseconds: an engine decides a step by the rules of
/// vLLM V1 (0.19), the pricing says how long it takes, and its end brings tokens. The result is
/// the same to the bit for the same input. Runs of one value are independent, and may be made on
/// several threads.
///
/// - Complexity: A step costs what changes in it (requests that arrive, finish, or need a block),
///   whatever the size of the batch, and one price.
public struct Simulation<Pricing: StepPricing>: Sendable {
  /// The engines and how requests are routed to them.
  public let deployment: Deployment
  /// What a step costs, for each of ``Deployment/engines``.
  public let pricings: [Pricing]
  /// What is kept, and when to stop.
  public var options: ReplayOptions
  /// The groups' limits, resolved.
  let limits: [EngineLimits]

  /// Creates a simulation.
  ///
  /// - Parameters:
  ///   - deployment: Every group of it needs its `blockCount`.
  ///   - pricings: One for each group, in their order.
  /// - Throws: ``ReplayError`` if a group's memory is not known, pricings are missing, or roles do not fit
  ///   together.
  public init(
    deployment: Deployment, pricings: [Pricing], options: ReplayOptions = ReplayOptions()
  ) throws(ReplayError) {
    guard pricings.count == deployment.engines.count else {
      throw .pricings(expected: deployment.engines.count, given: pricings.count)
    }
    var limits: [EngineLimits] = []
    for group in deployment.engines { limits.append(try EngineLimits(group)) }
    guard deployment.engineCount <= Deployment.maxEngines else {
      throw .outOfBounds(group: deployment.engines.last?.name ?? "", what: "count")
    }
    try deployment.checkRoles()
    self.deployment = deployment
    self.pricings = pricings
    self.options = options
    self.limits = limits
  }

  /// Replays the requests until all have finished, or until the limit.
  ///
  /// - Parameters:
  ///   - requests: Arrivals in any order; equal ones keep the log's.
  ///   - progress: Gets the number of finished requests, now and then.
  ///   - shouldStop: Asked every thousand steps; once it says true, nothing arrives or is decided any
  ///     more, and the result is ``ReplayResult/isCut``.
  @inlinable
  public func run(
    _ requests: RequestTable, progress: @escaping (Int) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) -> ReplayResult {
    advance(makeFleet(requests, stream: nil, progress: progress), shouldStop)
  }

  /// Replays requests that come while the replay goes on, in memory for those in flight.
  ///
  /// - Parameters:
  ///   - next: The next request, nil at the end; one that arrives earlier than the one before it
  ///     arrives together with that. Each arrives at its own time; content stays in memory, 8 bytes a
  ///     name.
  ///   - outcome: Gets what became of each request, in their order.
  /// - Returns: What engines did; without ``ReplayResult/outcomes``.
  @inlinable
  public func run(
    streaming next: @escaping () -> RequestRecord?,
    shouldStop: () -> Bool = { false }, outcome: @escaping (RequestOutcome) -> Void
  ) -> ReplayResult {
    advance(makeFleet(next, outcome), shouldStop)
  }

  /// Replays a part of the requests on the engines that serve them.
  ///
  /// - Parameters:
  ///   - part: One of those that ``parts(of:atMost:)`` made, of these engines.
  ///   - progress: Gets the number of finished requests of the part, now and then.
  ///   - shouldStop: As with a whole replay.
  /// - Returns: What ``ReplayParts/join(_:)`` makes a whole of.
  @inlinable
  public func run(
    _ part: ReplayParts.Part, progress: @escaping (Int) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) -> ReplayResult {
    advance(makeFleet(part, progress: progress), shouldStop)
  }

  @inlinable
  func advance(_ fleet: consuming Fleet, _ shouldStop: () -> Bool) -> ReplayResult {
    var untilLook = 1024
    // A pricing is many tables: a span lends it, where the array's subscript would copy it each time.
    let pricings = pricings.span
    while let group = fleet.nextStep() {
      fleet.startStep(price: pricings[group].price(fleet.decidedShape))
      untilLook -= 1
      if untilLook == 0 {
        if shouldStop() {
          fleet.cut()
        } else {
          untilLook = 1024
        }
      }
    }
    return fleet.finish()
  }

  @usableFromInline
  func makeFleet(
    _ next: @escaping () -> RequestRecord?, _ outcome: @escaping (RequestOutcome) -> Void
  ) -> Fleet {
    makeFleet(
      RequestTable(), stream: RequestStream(next: next, collect: outcome), progress: { _ in })
  }

  @usableFromInline
  func makeFleet(
    _ requests: RequestTable, stream: RequestStream?, progress: @escaping (Int) -> Void
  ) -> Fleet {
    makeFleet(
      ReplayParts(whole: requests, engines: deployment.engineCount)[0], stream: stream,
      progress: progress)
  }

  @usableFromInline
  func makeFleet(
    _ part: ReplayParts.Part, stream: RequestStream? = nil, progress: @escaping (Int) -> Void
  ) -> Fleet {
    var engines: [Engine] = []
    var locksteps: [Lockstep] = []
    var first = 0
    for (group, bounds) in limits.enumerated() {
      let numbers = (first..<(first + deployment.engines[group].count)).clamped(to: part.engines)
      for number in numbers {
        engines.append(
          Engine(group: group, index: Int32(number), limits: bounds, options: options))
      }
      if deployment.engines[group].lockstep, numbers.count > 1 {
        locksteps.append(
          Lockstep(
            members: (engines.count - numbers.count)..<engines.count,
            dealsExpertsOut: deployment.engines[group].dealsExpertsOut))
      }
      first += deployment.engines[group].count
    }
    return Fleet(
      engines: engines, limits: limits,
      router: Router(policy: deployment.routing, choices: part.choices),
      locksteps: locksteps, handovers: Handovers(deployment, keepsRecords: options.recordsSteps),
      requests: part.requests,
      options: options, stream: stream, progress: progress)
  }
}

extension Deployment {
  /// Checks what engines with roles need.
  fileprivate func checkRoles() throws(ReplayError) {
    if let conflict = roleConflict { throw .roles(conflict.message) }
    guard isDisaggregated else { return }
    if let transfer, !transfer.isValid { throw .roles("the transfer's numbers are out of bounds") }
    for group in engines where group.role == .prefill {
      guard let size = group.keyValues else { throw .unknownKeyValues(group: group.name) }
      guard size.layers > 0, (0...1e12).contains(size.bytesPerToken) else {
        throw .outOfBounds(group: group.name, what: "size of keys and values")
      }
    }
  }
}

extension EngineLimits {
  /// Resolves a group of a deployment.
  init(_ group: EngineGroup) throws(ReplayError) {
    guard let blockCount = group.blockCount else { throw .unknownMemory(group: group.name) }
    if let what = group.numberOutOfBounds {
      throw .outOfBounds(group: group.name, what: what)
    }
    if let conflict = group.conflict ?? group.layoutConflict {
      throw .conflict(group: group.name, what: conflict.message)
    }
    if let speculation = group.speculation, !speculation.isValid {
      throw .outOfBounds(group: group.name, what: "draft_acceptance_rate or draft cost")
    }
    self.init(
      maxSequences: group.maxSequences, maxBatchedTokens: group.maxBatchedTokens,
      maxModelLength: group.maxModelLength, blockSize: group.blockSize,
      usableBlocks: blockCount - 1,
      prefixCaching: group.enablesPrefixCaching && !group.policy.computesWholePrompts,
      chunkedPrefill: group.enablesChunkedPrefill && !group.policy.computesWholePrompts,
      longPrefillThreshold: group.longPrefillTokenThreshold,
      fullSequenceAdmission: group.fullSequenceAdmission, asyncScheduling: group.asyncScheduling,
      policy: group.policy, usesPriority: group.queueOrder == .priority,
      stages: group.pipelineParallel, speculation: group.speculation, role: group.role)
  }
}
