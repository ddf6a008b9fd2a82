import Network
import Operators
import Scenarios

/// What a scenario's pools and links did over time, in a bounded number of equal bins of time.
///
/// Requests that run and wait are those that ended, whole stages at a time. Links with like names are told
/// together, by their mean and by the busiest of them at a time, which is looked at once a bin; as bins grow
/// wider that is a mean of those.
///
/// - Complexity: O(1) a step, a pass and a stage; O(links) a bin, some thousand times. Memory goes with pools and links.
public struct PipelineLoad: Sendable {
  /// What is told of a pool.
  enum Channel: Int, CaseIterable {
    /// Engines that are up.
    case up
    /// Engines that work.
    case busy
    /// Requests that are served.
    case running
    /// Requests that wait for an engine, or there.
    case waiting
    /// Key-value memory in use, as engines' worth.
    case memory
  }

  /// Like links.
  struct LinkGroup: Sendable {
    var name: String
    var links: [Int] = []
    var capacity = 0.0
  }

  /// A pool in each bin.
  public struct Pool: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Engines that were up, on average.
    public var up: [Double]
    /// The part of engines that were up that worked; nil where nobody knows.
    public var busy: [Double]?
    /// Requests that were served, on average.
    public var running: [Double]
    /// Requests that waited for an engine, or there.
    public var waiting: [Double]
    /// Of language models: the part of key-value blocks in use, where idle engines count as empty.
    public var memory: [Double]?
  }

  /// Links with like names in each bin.
  public struct Links: Sendable, Hashable {
    /// Their name without the number: "engine up".
    public var name: String
    /// The part of what they could carry that they carried.
    public var mean: [Double]
    /// That of the busiest of them.
    public var largest: [Double]
  }

  /// The most rows of all bins together, pools and groups of links.
  static let mostRows = 40_000
  /// The most bins.
  static let mostBins = 256

  private var bins: TimeBins
  private let scenario: Scenario
  private let groups: [LinkGroup]
  /// When the first bin begins, on the replay's clock; nil before anything arrives.
  private var origin: Int64?
  /// When links were looked at last, and when they are to be next.
  private var sampled: Int64 = 0
  private(set) var nextSample = Int64.max
  /// What each link had carried then.
  private var carried: [Double]

  /// Creates an empty record of a replay that has not begun.
  init(_ fleet: PipelineFleet) {
    scenario = fleet.plan.scenario
    var groups: [LinkGroup] = []
    for link in fleet.links.links(of: fleet.engines.map(\.leaf)) {
      let name = LinkGroupSummary.commonName(fleet.links.name(of: link))
      let place = groups.firstIndex { $0.name == name } ?? groups.count
      if place == groups.count { groups.append(LinkGroup(name: name)) }
      groups[place].links.append(link)
      groups[place].capacity += fleet.links.network.capacity(link)
    }
    self.groups = groups
    carried = Array(repeating: 0, count: fleet.links.network.linkCount)
    let rows = scenario.pools.count + groups.count
    bins = TimeBins(
      channels: scenario.pools.count * Channel.allCases.count + 2 * groups.count,
      count: max(2, min(Self.mostBins, Self.mostRows / max(1, rows)) / 2 * 2), width: 1_000_000)
  }

  // MARK: Recording

  /// Begins with the first arrival.
  mutating func begin(at time: Int64) {
    origin = time
    sampled = time
    nextSample = time &+ Int64(bins.width)
  }

  /// Adds so many of something that were there in a span of time.
  mutating func add(
    _ channel: Channel, _ count: Double = 1, of pool: Int, from start: Int64, to end: Int64
  ) {
    guard let origin, end > max(start, origin) else { return }
    let (from, to) = (Double(max(start, origin) - origin), Double(end - origin))
    bins.add(
      count * (to - from), to: pool * Channel.allCases.count + channel.rawValue, from: from, to: to)
  }

  /// Looks at links as they are at each end of a bin by a time before which nothing on them changes.
  mutating func sample(_ links: inout ScenarioLinks, by time: Int64) {
    guard let origin, time < .max else { return }
    bins.fit(Double(time - origin))
    while nextSample <= time {
      look(&links, at: nextSample)
      nextSample = boundary(after: nextSample, origin)
    }
  }

  /// Looks at links as they are at the end.
  mutating func end(with links: inout ScenarioLinks) {
    guard origin != nil else { return }
    look(&links, at: links.network.time)
  }

  private func boundary(after time: Int64, _ origin: Int64) -> Int64 {
    let width = Int64(min(bins.width, 0x1p61))
    return origin &+ ((time - origin) / width + 1) * width
  }

  private mutating func look(_ links: inout ScenarioLinks, at time: Int64) {
    guard let origin, time > sampled else { return }
    links.wait(until: time)
    let (from, to) = (Double(sampled - origin), Double(time - origin))
    let first = scenario.pools.count * Channel.allCases.count
    for (place, group) in groups.enumerated() {
      var (sum, largest) = (0.0, 0.0)
      for link in group.links {
        let bytes = links.network.carriedBytes(link)
        let more = bytes - carried[link]
        carried[link] = bytes
        sum += more
        largest = max(largest, more / links.network.capacity(link))
      }
      guard sum > 0 else { continue }
      bins.add(1e9 * sum / group.capacity, to: first + 2 * place, from: from, to: to)
      bins.add(1e9 * largest, to: first + 2 * place + 1, from: from, to: to)
    }
    sampled = time
  }

  // MARK: What was recorded

  /// The length of a bin in nanoseconds.
  public var width: Double { bins.width }

  /// When the first bin begins, on the replay's clock in nanoseconds.
  public var start: Int64 { origin ?? 0 }

  /// How many bins there are by a time on the replay's clock.
  public func binCount(by end: Int64) -> Int {
    guard let origin, end > origin else { return 0 }
    return min(bins.count, Int((Double(end - origin) / bins.width).rounded(.up)))
  }

  /// The pools, but for stores, whose links tell what they do.
  public var pools: [Pool] {
    scenario.pools.enumerated().compactMap { index, pool in
      if case .store = pool.service { return nil }
      func means(_ channel: Channel) -> [Double] {
        bins.amounts(index * Channel.allCases.count + channel.rawValue).map { $0 / bins.width }
      }
      let up = means(.up)
      func share(_ channel: Channel) -> [Double] {
        zip(means(channel), up).map { $1 > 0 ? min(1, max(0, $0 / $1)) : 0 }
      }
      var (isKnown, isModel) = (true, false)
      if case .external(let service) = pool.service { isKnown = service.concurrency != nil }
      if case .model = pool.service { isModel = true }
      return Pool(
        name: pool.name, up: up, busy: isKnown ? share(.busy) : nil, running: means(.running),
        waiting: means(.waiting), memory: isModel ? share(.memory) : nil)
    }
  }

  /// The links that carried anything.
  public var links: [Links] {
    let first = scenario.pools.count * Channel.allCases.count
    return groups.enumerated().compactMap { place, group in
      func part(_ channel: Int) -> [Double] {
        bins.amounts(channel).map { min(1, max(0, $0 / bins.width)) }
      }
      let mean = part(first + 2 * place)
      guard mean.contains(where: { $0 > 0 }) else { return nil }
      return Links(name: group.name, mean: mean, largest: part(first + 2 * place + 1))
    }
  }
}

// MARK: - Filling in

extension PipelineFleet {
  /// Notes when a request that has ended ran and waited.
  mutating func noteLoad(of index: Int) {
    let parts = pipelines[journeys[index].pipeline].parts
    for place in parts.indices {
      let task = tasks[index * stride + place]
      guard task.phase == .ended else { continue }
      load?.add(.waiting, of: parts[place].pool, from: task.ready, to: task.sent)
      load?.add(.waiting, of: parts[place].pool, from: task.arrived, to: task.started)
      load?.add(.running, of: parts[place].pool, from: task.started, to: task.ended)
    }
  }

  /// Notes the step of a model's engine that has ended.
  ///
  /// - Parameter before: how long it had worked before; other steps may be in flight at the same time.
  mutating func noteLoad(ofStepOf engine: Int, since before: Nanoseconds, at time: Int64) {
    let (place, pool) = (engines[engine].place, engines[engine].pool)
    let busy = (models[place].totals.busyTime - before).rawValue
    guard busy > 0 else { return }
    load?.add(.busy, of: pool, from: time - busy, to: time)
    let blocks = max(1, models[place].totals.blocks)
    let memory = Double(models[place].current.blocksInUse) / Double(blocks)
    load?.add(.memory, memory, of: pool, from: time - busy, to: time)
  }

  /// Looks at links if it is time to, before anything happens at an instant.
  mutating func sampleLinks(by time: Int64) {
    guard let next = load?.nextSample, next <= time else { return }
    load?.sample(&links, by: time)
  }
}
