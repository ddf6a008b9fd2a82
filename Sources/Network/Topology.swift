public import Operators

/// A tree of switches: devices in packages, packages in nodes, nodes in racks, racks in a data centre.
///
///     let topology = try Topology(levels: [
///       .init(name: "node", members: 8, bandwidth: 450e9, latency: Nanoseconds(500)),
///       .init(name: "rack", members: 4, bandwidth: 50e9, latency: Nanoseconds(2000)),
///     ])
///     let (links, latency) = topology.path(from: 0, to: 31)
///     topology.name(of: links[1])    // "node 0 up"
///
/// Levels go from the inside out. A level's switches each join so many members: switches of the level
/// inside, or endpoints for the innermost. Each member has a link up to its switch and one
/// down from it, so that both directions have all of the bandwidth. A path goes up to the lowest switch that
/// both ends are under, and down again; each link on it adds its level's latency.
public struct Topology: Sendable {
  /// Switches of one kind.
  public struct Level: Hashable, Sendable {
    /// What a switch of it joins into one: "node", "rack".
    public var name: String
    /// How many members a switch joins.
    public var members: Int
    /// What a member's link can carry each way, in bytes per second.
    public var bandwidth: Double
    /// How long a byte is on a member's link.
    public var latency: Nanoseconds
    /// The part of the bandwidth that transfers reach; 1 is all.
    public var efficiency: Double
    /// How many times more the members could send than their links together carry: 1 is not oversubscribed.
    public var oversubscription: Double

    /// A level, by default with all of its bandwidth.
    public init(
      name: String, members: Int, bandwidth: Double, latency: Nanoseconds, efficiency: Double = 1,
      oversubscription: Double = 1
    ) {
      self.name = name
      self.members = members
      self.bandwidth = bandwidth
      self.latency = latency
      self.efficiency = efficiency
      self.oversubscription = oversubscription
    }

    /// What a member's link carries each way, in bytes per second.
    public var capacity: Double { bandwidth * efficiency / oversubscription }
  }

  /// The most links that a topology may have.
  public static let largestLinkCount = 1 << 20
  /// The longest latency of a link: a thousand seconds.
  public static let largestLatency = Nanoseconds(1_000_000_000_000)

  /// The levels from the inside out.
  public let levels: [Level]
  /// What the innermost level joins: "device".
  public let leaf: String
  /// How many places for endpoints there are at the bottom; they are numbered from 0, those
  /// of one switch side by side.
  public let leafCount: Int
  /// What each link can carry, in bytes per second: for a ``FlowNetwork``.
  public private(set) var capacities: [Double] = []

  /// An endpoint beside the leaves.
  private struct Attachment: Sendable {
    var name: String
    var level: Int
    var group: Int
    var firstLink: Int32
    var latency: Int64
  }

  /// How many members each level has over all its switches.
  private var memberCounts: [Int] = []
  /// The first link of each level: a member's link up, then its link down, member by member.
  private var firstLinks: [Int] = []
  private var attachments: [Attachment] = []

  /// A topology of levels from the inside out.
  public init(levels: [Level], leaf: String = "device") throws(NetworkError) {
    guard !levels.isEmpty else { throw .noLevels }
    self.levels = levels
    self.leaf = leaf
    for level in levels { try Self.check(level) }
    var counts: [Int] = []
    var (members, links) = (1, 0)
    for level in levels.reversed() {
      let (product, overflow) = members.multipliedReportingOverflow(by: level.members)
      // No sum of links can overflow before one of these is seen.
      guard !overflow, product <= Self.largestLinkCount / 2 else {
        throw .tooManyLinks(most: Self.largestLinkCount)
      }
      members = product
      links += 2 * product
      guard links <= Self.largestLinkCount else {
        throw .tooManyLinks(most: Self.largestLinkCount)
      }
      counts.append(members)
    }
    leafCount = members
    memberCounts = counts.reversed()
    capacities.reserveCapacity(links)
    for (level, count) in zip(levels, memberCounts) {
      firstLinks.append(capacities.count)
      capacities.append(contentsOf: repeatElement(level.capacity, count: 2 * count))
    }
  }

  /// Adds an endpoint with links of its own to a switch: a rack's store, a store of the data centre.
  ///
  /// - Parameters:
  ///   - level: The switch's level, from 0 for the innermost.
  ///   - group: Which of that level's switches, from 0.
  ///   - bandwidth: What its links carry each way, in bytes per second.
  ///   - latency: How long a byte is on them; like the members of that switch by default.
  /// - Returns: The endpoint's number.
  public mutating func attach(
    name: String, level: Int, group: Int, bandwidth: Double, latency: Nanoseconds? = nil
  ) throws(NetworkError) -> Int {
    guard levels.indices.contains(level), group >= 0, group < switchCount(level) else {
      throw .noSwitch(name: name, level: level, group: group)
    }
    try Self.check(name, bandwidth: bandwidth, latency: latency ?? .zero)
    guard capacities.count + 2 <= Self.largestLinkCount else {
      throw .tooManyLinks(most: Self.largestLinkCount)
    }
    attachments.append(
      Attachment(
        name: name, level: level, group: group,
        firstLink: Int32(truncatingIfNeeded: capacities.count),
        latency: (latency ?? levels[level].latency).rawValue))
    capacities.append(bandwidth)
    capacities.append(bandwidth)
    return leafCount + attachments.count - 1
  }

  /// How many endpoints there are: the leaves, then what was attached.
  public var endpointCount: Int { leafCount + attachments.count }

  /// How many switches a level has.
  public func switchCount(_ level: Int) -> Int { memberCounts[level] / levels[level].members }

  /// Which of a level's switches an endpoint is under, or nil if it is attached further out.
  public func group(of endpoint: Int, at level: Int) -> Int? {
    let (start, group) = switchAbove(endpoint)
    guard level >= start else { return nil }
    return levels[start..<level].indices.reduce(group) { $0 / levels[$1 + 1].members }
  }

  // MARK: Paths

  /// The links from one endpoint to another and the sum of their latencies, in nanoseconds: nothing from
  /// an endpoint to itself.
  public func path(from: Int, to: Int) -> (links: [Int32], latency: Int64) {
    var links: [Int32] = []
    links.reserveCapacity(2 * levels.count + 2)
    let latency = appendPath(from: from, to: to, to: &links)
    return (links, latency)
  }

  /// Appends the links from one endpoint to another, in their order; returns the sum of their latencies, in
  /// nanoseconds.
  ///
  /// - Complexity: O(levels), without memory of its own.
  public func appendPath(from: Int, to: Int, to links: inout [Int32]) -> Int64 {
    precondition(
      from >= 0 && from < endpointCount && to >= 0 && to < endpointCount,
      "a path begins or ends at an endpoint that is not there")
    guard from != to else { return 0 }
    var latency: Int64 = 0
    var (level, group) = switchAbove(from)
    var (other, otherGroup) = switchAbove(to)
    latency += appendFirstLink(from, 0, &links)
    let start = (level: other, group: otherGroup)
    // Up from whichever is further inside until both are at one switch.
    while level != other || group != otherGroup {
      if level <= other {
        let stepsBoth = level == other
        level += 1
        links.append(link(level, group, 0))
        latency += levels[level].latency.rawValue
        group /= levels[level].members
        guard stepsBoth else { continue }
      }
      other += 1
      otherGroup /= levels[other].members
    }
    // Down to the other's switch: seen from below, and turned round.
    let turn = links.count
    var (below, belowGroup) = start
    while below < level {
      below += 1
      links.append(link(below, belowGroup, 1))
      latency += levels[below].latency.rawValue
      belowGroup /= levels[below].members
    }
    links[turn...].reverse()
    latency += appendFirstLink(to, 1, &links)
    return latency
  }

  /// The links, up and down, of the member of a level that a leaf is, or is in.
  public func links(above leaf: Int, at level: Int) -> (up: Int32, down: Int32) {
    precondition(
      (0..<leafCount).contains(leaf) && levels.indices.contains(level),
      "links were asked for that are not there")
    let member = levels[..<level].reduce(leaf) { $0 / $1.members }
    return (link(level, member, 0), link(level, member, 1))
  }

  /// The pairs of neighbours in a ring of endpoints, as all-reduce by a ring has them send.
  public func ring(_ endpoints: [Int]) -> [(from: Int, to: Int)] {
    guard endpoints.count > 1 else { return [] }
    return endpoints.indices.map { (endpoints[$0], endpoints[($0 + 1) % endpoints.count]) }
  }

  // MARK: Names

  /// What a link is called in reports: "rack 2 up", "archive down".
  public func name(of link: Int32) -> String {
    precondition(capacities.indices.contains(Int(link)), "a link was named that is not there")
    let direction = link % 2 == 0 ? "up" : "down"
    let ofLeaves = firstLinks[levels.count - 1] + 2 * memberCounts[levels.count - 1]
    guard Int(link) < ofLeaves else {
      return "\(attachments[(Int(link) - ofLeaves) / 2].name) \(direction)"
    }
    let level = firstLinks.lastIndex { $0 <= Int(link) } ?? 0
    let member = (Int(link) - firstLinks[level]) / 2
    return "\(level == 0 ? leaf : levels[level - 1].name) \(member) \(direction)"
  }

  /// What an endpoint is called in reports: "device 5", "archive".
  public func name(ofEndpoint endpoint: Int) -> String {
    endpoint < leafCount ? "\(leaf) \(endpoint)" : attachments[endpoint - leafCount].name
  }

  // MARK: Parts

  private func link(_ level: Int, _ member: Int, _ direction: Int) -> Int32 {
    Int32(truncatingIfNeeded: firstLinks[level] + 2 * member + direction)
  }

  private func switchAbove(_ endpoint: Int) -> (level: Int, group: Int) {
    guard endpoint >= leafCount else { return (0, endpoint / levels[0].members) }
    let attachment = attachments[endpoint - leafCount]
    return (attachment.level, attachment.group)
  }

  private func appendFirstLink(_ endpoint: Int, _ direction: Int, _ links: inout [Int32]) -> Int64 {
    guard endpoint >= leafCount else {
      links.append(link(0, endpoint, direction))
      return levels[0].latency.rawValue
    }
    let attachment = attachments[endpoint - leafCount]
    links.append(attachment.firstLink + Int32(truncatingIfNeeded: direction))
    return attachment.latency
  }

  private static func check(_ level: Level) throws(NetworkError) {
    let name = level.name
    guard level.members >= 1 else {
      throw .outOfBounds(level: name, what: "\(level.members) members: give at least 1")
    }
    guard level.efficiency > 0, level.efficiency <= 1 else {
      throw .outOfBounds(
        level: name, what: "an efficiency of \(level.efficiency): give more than 0, at most 1")
    }
    guard level.oversubscription > 0, level.oversubscription < .infinity else {
      throw .outOfBounds(
        level: name, what: "an oversubscription of \(level.oversubscription): give more than 0")
    }
    try check(name, bandwidth: level.bandwidth, latency: level.latency)
  }

  private static func check(
    _ name: String, bandwidth: Double, latency: Nanoseconds
  ) throws(NetworkError) {
    guard bandwidth > 0, bandwidth <= FlowNetwork.largestCapacity else {
      throw .outOfBounds(
        level: name, what: "a bandwidth of \(bandwidth) bytes per second: give a positive number")
    }
    guard latency >= .zero, latency <= largestLatency else {
      throw .outOfBounds(
        level: name,
        what: "a latency of \(latency.rawValue) ns: give 0 to \(largestLatency.rawValue)")
    }
  }
}
