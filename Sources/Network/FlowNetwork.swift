/// Links that flows of bytes share max-min fairly, in fluid time with events at whole nanoseconds.
///
///     var network = FlowNetwork(capacities: [1e9, 2e9])
///     let flow = network.start(bytes: 1e6, over: [0, 1], at: 0)
///     network.nextEnd                // 1_000_000
///     network.popEnded(by: .max)     // flow
///
/// A flow has one rate on all links of its path. Rates are max-min fair (Bertsekas and Gallager, Data
/// Networks, 1992, section 6.5.2): each flow either has the rate that it may have at most, or crosses a full
/// link on which no flow is faster. That link is its *bottleneck*, and all flows with that bottleneck
/// have the same rate.
///
/// What makes it fast:
/// - Each link has a clock that counts the bytes that each flow with this bottleneck has got. A flow
///   ends when the clock shows a number that is known when it starts, so that a change of the rate touches
///   no flow: this is processor sharing in virtual time. A flow at its own limit ends at a known time.
/// - A flow can be no faster than its *limit*, the least of its own rate and its links' capacities. While
///   the limits of a link's flows add up to no more than its capacity (flows that share a narrower link
///   count as no more than that) the link is *slack* and can hold nobody up: it joins no flows. Rates are
///   computed anew only at *tight* links, and of these only at those that a change bears upon.
/// - Flows that cross just one tight link are kept by their limits, so that a change binds or frees only
///   those that the new rate passes. Only flows with several tight links (*entangled* ones) are gone through.
///
/// A flow that ends between two whole nanoseconds leaves at the later; a ten-thousandth of one is
/// taken for rounding. So a link may idle for less than a nanosecond for each flow that it carried.
///
/// - Complexity: A change costs O(p log n) for a path of p links where n flows are, on slack links and on
///   tight ones whose flows cross no other tight link; O((e p + l) log l) a round with e entangled flows on
///   the l tight links that it bears upon, at most all that are connected with it, and a few rounds. A link
///   that becomes tight or slack goes through its flows; with more than four it becomes slack only when
///   limits are down to half its capacity, so that this is seldom. Memory is O(links + most flows at one time).
public struct FlowNetwork: Sendable {
  /// The capacity above which a link counts as unlimited, in bytes per second.
  public static let largestCapacity = 1e18

  var links: [Link]
  var flows: [Flow] = []
  var hops: [Hop] = []
  /// Flows that have ended by now and were not taken, the latest started first.
  private var ended: [Int32] = []
  /// When they ended.
  private var endTime: Int64 = 0
  /// Free slots of flows by the length of their path.
  private var free: [[Int32]] = []
  private var sequence: Int64 = 0

  /// Flows at their limits, by the time when they end.
  var ends = IndexedHeap<Int64>()
  /// Where a flow is in ``ends``, or among the flows of its bottleneck's clock.
  var endPlaces: [Int32] = []
  /// Where a flow with one tight link is among those that are bound or free there.
  var limitPlaces: [Int32] = []
  /// Links whose clocks run, by the time when the next flow on them ends.
  var clocks = IndexedHeap<Int64>()
  var clockPlaces: [Int32]
  /// What a change has touched and ``settle()`` has yet to compute.
  var dirty: [Int32] = []
  var stale: [Int32] = []
  /// Room for ``settle()``.
  var component: [Int32] = []
  /// The last change that each link was computed for.
  var met: [Int64]
  var levels = IndexedHeap<Double>()
  var levelPlaces: [Int32]
  /// Counts changes, and rounds of computing rates.
  var visit: Int64 = 0
  var round: Int64 = 0

  /// The time of the last change, in nanoseconds; it never goes back.
  public internal(set) var time: Int64 = 0

  /// Creates an idle network with a link for each capacity, in bytes per second.
  ///
  /// What is negative or not a number counts as 0, on which flows stand still; what is above
  /// ``largestCapacity`` as unlimited.
  public init(capacities: [Double]) {
    links = capacities.map { Link(capacity: Self.sound($0)) }
    clockPlaces = Array(repeating: -1, count: capacities.count)
    levelPlaces = clockPlaces
    met = Array(repeating: 0, count: capacities.count)
  }

  static func sound(_ rate: Double) -> Double {
    rate > 0 ? (rate <= largestCapacity ? rate : .infinity) : 0
  }

  // MARK: Flows

  /// Starts a flow and returns its number, which is used again after the flow was taken or cancelled.
  ///
  /// - Parameters:
  ///   - bytes: How many; none, fewer than none or no number ends at once.
  ///   - path: The links, in any order; one that is named twice counts once. With no link and
  ///     no rate the flow ends at once.
  ///   - rate: What it can do at most by itself, in bytes per second.
  ///   - time: When, in nanoseconds; before the network's ``time`` means now. What has ended before should
  ///     have been taken: it shares its links until then.
  public mutating func start(
    bytes: Double, over path: [Int32], atMost rate: Double = .infinity, at time: Int64
  ) -> Int32 {
    self.time = max(self.time, time)
    let flow = makeFlow(over: path)
    let index = Int(flow)
    sequence += 1
    flows[index].sequence = sequence
    flows[index].bytes = bytes > 0 ? bytes : 0
    flows[index].mark = flows[index].bytes
    flows[index].ownRate = Self.sound(rate)
    attach(flow)
    settle()
    findNextEnd()
    return flow
  }

  /// When the next flow ends, in whole nanoseconds and never before ``time``; the largest number if none does.
  ///
  /// Kept, not computed, because it is asked for between all that happens.
  public private(set) var nextEnd: Int64 = .max

  private mutating func findNextEnd() { nextEnd = ended.isEmpty ? max(time, nextEvent) : time }

  private var nextEvent: Int64 { min(ends.least?.key ?? .max, clocks.least?.key ?? .max) }

  /// Takes the flow that has ended first by a time, or nil; of flows that end in one nanosecond the one
  /// that started first. ``time`` is then when it ended.
  public mutating func popEnded(by time: Int64) -> Int32? {
    if ended.isEmpty {
      let next = nextEvent
      guard next <= time, next < .max else { return nil }
      self.time = max(self.time, next)
      endTime = self.time
      repeat { endFlows() } while nextEvent <= self.time
      if ended.count > 1 { ended.sort { flows[Int($0)].sequence > flows[Int($1)].sequence } }
    }
    defer { findNextEnd() }
    guard endTime <= time, let flow = ended.popLast() else { return nil }
    release(flow)
    return flow
  }

  /// Lets time pass in which nothing ends, so that what is asked is of then.
  public mutating func wait(until time: Int64) {
    precondition(time <= nextEnd, "something ends before")
    self.time = max(self.time, time)
    findNextEnd()
  }

  /// Ends a flow early; returns the bytes that it had left.
  @discardableResult
  public mutating func cancel(_ flow: Int32, at time: Int64) -> Double {
    precondition(isRunning(flow), "a flow was cancelled that is not under way")
    self.time = max(self.time, time)
    let left = remainingBytes(of: flow)
    if flows[Int(flow)].state == .ended {
      ended.removeAll { $0 == flow }
    } else {
      credit(flow, flows[Int(flow)].bytes - left)
      detach(flow)
      settle()
    }
    release(flow)
    findNextEnd()
    return left
  }

  /// Changes what a link can carry, in bytes per second; with 0 its flows stand still.
  public mutating func setCapacity(_ link: Int, _ bytesPerSecond: Double, at time: Int64) {
    self.time = max(self.time, time)
    let crossing = links[link].hops.map { hops[Int($0)].flow }
    for flow in crossing { detach(flow) }
    links[link].capacity = Self.sound(bytesPerSecond)
    for flow in crossing { attach(flow) }
    settle()
    findNextEnd()
  }

  /// Whether the number is of a flow that was neither taken nor cancelled.
  public func isRunning(_ flow: Int32) -> Bool {
    flows.indices.contains(Int(flow)) && flows[Int(flow)].state != .free
  }

  /// How fast a flow is at ``time``, in bytes per second.
  public func rate(of flow: Int32) -> Double {
    let one = flows[Int(flow)]
    guard one.state == .running else { return 0 }
    return one.home < 0 ? one.limit : links[Int(one.home)].rate
  }

  /// The bytes that a flow has left at ``time``.
  public func remainingBytes(of flow: Int32) -> Double {
    let one = flows[Int(flow)]
    guard one.state == .running else { return 0 }
    return min(max(remaining(flow), 0), one.bytes)
  }

  // MARK: Accounting

  /// How many links there are.
  public var linkCount: Int { links.count }

  /// What a link can carry now, in bytes per second.
  public func capacity(_ link: Int) -> Double { links[link].capacity }

  /// How many flows cross a link now.
  public func flowCount(_ link: Int) -> Int { links[link].hops.count }

  /// The most flows that ever crossed a link at one time.
  public func peakFlows(_ link: Int) -> Int { links[link].peak }

  /// The bytes that a link has carried by ``time``.
  ///
  /// - Complexity: O(flows that cross it).
  public func carriedBytes(_ link: Int) -> Double {
    links[link].hops.reduce(links[link].carried) { sum, hop in
      let flow = hops[Int(hop)].flow
      return sum + flows[Int(flow)].bytes - remainingBytes(of: flow)
    }
  }

  /// For how long at least one flow has crossed a link by ``time``, in nanoseconds.
  public func busyTime(_ link: Int) -> Int64 {
    links[link].busy + (links[link].hops.isEmpty ? 0 : time - links[link].busySince)
  }

  // MARK: Slots

  /// A running flow with a hop for each link of a path.
  private mutating func makeFlow(over path: [Int32]) -> Int32 {
    let length = path.count
    while free.count <= length { free.append([]) }
    let flow: Int32
    if let slot = free[length].popLast() {
      flow = slot
    } else {
      flow = Int32(flows.count)
      flows.append(Flow(firstHop: Int32(hops.count), slots: Int32(length)))
      for _ in 0..<length { hops.append(Hop(flow: flow)) }
      endPlaces.append(-1)
      limitPlaces.append(-1)
    }
    let first = Int(flows[Int(flow)].firstHop)
    var count = 0
    for link in path where !hops[first..<first + count].contains(where: { $0.link == link }) {
      precondition(links.indices.contains(Int(link)), "a path crosses a link that is not there")
      hops[first + count].link = link
      count += 1
    }
    flows[Int(flow)].hopCount = Int32(count)
    flows[Int(flow)].state = .running
    return flow
  }

  private mutating func release(_ flow: Int32) {
    flows[Int(flow)].state = .free
    free[Int(flows[Int(flow)].slots)].append(flow)
  }

  private mutating func credit(_ flow: Int32, _ bytes: Double) {
    for hop in flows[Int(flow)].hops { links[Int(hops[hop].link)].carried += bytes }
  }

  /// Takes all flows that end by now off their links.
  private mutating func endFlows() {
    while let least = ends.least, least.key <= time { end(least.item) }
    while let least = clocks.least, least.key <= time {
      // Whatever rounding says of the first: the clock's event was for it.
      let link = Int(least.item)
      clocks.update(least.item, .max, &clockPlaces)
      advance(link)
      if let first = links[link].sharing.least { end(first.item) }
      while let next = links[link].sharing.least,
        (next.key - links[link].clock) / links[link].rate <= 2 * Self.rounding
      { end(next.item) }
    }
    settle()
  }

  private mutating func end(_ flow: Int32) {
    credit(flow, flows[Int(flow)].bytes)
    detach(flow)
    flows[Int(flow)].state = .ended
    ended.append(flow)
  }
}
