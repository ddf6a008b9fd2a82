extension FlowNetwork {
  /// What is less than this after a whole nanosecond counts as on it, in seconds.
  static let rounding = 1e-13

  enum FlowState: UInt8 {
    case free, running, ended
  }

  struct Flow: Sendable {
    /// At its limit: the bytes left at ``since``; else what its bottleneck's clock shows at its end.
    var mark = 0.0
    var since: Int64 = 0
    var bytes = 0.0
    var sequence: Int64 = 0
    /// What the flow can do by itself, in bytes per second.
    var ownRate = 0.0
    /// What it can do at most, whatever other flows do, in bytes per second.
    var limit = 0.0
    /// The link that is its bottleneck; -1 at its limit.
    var home: Int32 = -1
    /// How many tight links it crosses.
    var tight: Int32 = 0
    /// Its hops: they stay with the slot, which is used again for a path as long.
    var firstHop: Int32
    var slots: Int32
    var hopCount: Int32 = 0
    var state = FlowState.free
    /// With several tight links: the rate that they reckon with.
    var knownRate = 0.0
    /// The last round that gave it a rate.
    var rated: Int64 = 0

    init(firstHop: Int32, slots: Int32) {
      self.firstHop = firstHop
      self.slots = slots
    }

    var hops: Range<Int> { Int(firstHop)..<Int(firstHop + hopCount) }
    /// Those on tight links come first.
    var tightHops: Range<Int> { Int(firstHop)..<Int(firstHop + tight) }

    /// The link of its path with the least capacity, the first of such.
    var narrowest: Int32 = -1

    /// The limit as a whole number, so that sums stay exact when flows come and go.
    var weight: Double { limit.isFinite ? limit.rounded(.up) : 0 }
  }

  /// A flow on a link.
  struct Hop: Sendable {
    /// The link is slack.
    static let onSlack: Int32 = -1
    /// The link is the only tight one of the flow.
    static let onOnlyTight: Int32 = -2

    var link: Int32 = -1
    var flow: Int32
    /// Where it is among the link's hops.
    var place: Int32 = -1
    /// One of the above, or where it is among the link's entangled hops.
    var role = onSlack
    /// Whether the link counts it with others of the same narrowest link.
    var isGrouped = false

    init(flow: Int32) { self.flow = flow }
  }

  /// Flows on a link that have one narrowest link.
  struct Group: Sendable {
    var narrowest: Int32
    var count: Int32
    /// The weights of their limits.
    var weight: Double
  }

  struct Link: Sendable {
    /// The most groups that are told apart.
    static let mostGroups = 8

    /// In bytes per second.
    var capacity: Double
    var hops: [Int32] = []
    /// What its flows can add up to, from their limits and their groups.
    var weight = 0.0
    /// Flows with a narrowest link that is not this one: together they are no faster than that.
    var groups: [Group] = []
    var isTight = false

    // While it is tight:
    /// The flows whose bottleneck it is, by what the clock shows at their end.
    var sharing = IndexedHeap<Double>()
    /// The bytes that each of them has got, by ``since``.
    var clock = 0.0
    var since: Int64 = 0
    /// How fast each is, in bytes per second.
    var rate = 0.0
    /// Of the flows with this one tight link those that share, by limit.
    var unbound = IndexedHeap<Double>()
    /// And those at their limits, by limit from the largest (keys are negative).
    var bound = IndexedHeap<Double>()
    /// The limits of those that are bound.
    var boundSum = 0.0
    /// The hops of flows with more than one tight link.
    var entangled: [Int32] = []

    // While rates are computed:
    /// What flows that have their rate leave over.
    var room = 0.0
    /// How many entangled flows have no rate yet.
    var waiting = 0
    var hasRate = false
    var hasChanged = false
    /// The rate at which it is full; infinite if it is not.
    var level = Double.infinity
    /// The last round that looked whether it must be computed.
    var checked: Int64 = 0
    var isDirty = false
    var isStale = false

    var carried = 0.0
    var busy: Int64 = 0
    var busySince: Int64 = 0
    var peak = 0

    init(capacity: Double) { self.capacity = capacity }

    /// Whether it is tight, or so full that it becomes so: one flow alone cannot exceed a capacity that bounds its
    /// limit.
    var mayBind: Bool { isTight || (hops.count > 1 && weight > capacity) }

    /// Takes a hop on, and counts the limit of its flow.
    ///
    /// Flows that cross one narrower link add up to no more than that carries, whether it is tight or
    /// cannot be too full itself. Links are ordered by capacity and number, so that none vouches for
    /// itself in a circle.
    ///
    /// - Parameters:
    ///   - narrowest: the flow's narrowest link; nil where that is this one.
    ///   - most: what that carries.
    /// - Returns: whether the limit is in a group.
    mutating func take(
      _ hop: Int32, _ limit: Double, of narrowest: Int32?, atMost most: Double, at time: Int64
    ) -> Bool {
      if hops.isEmpty { busySince = time }
      hops.append(hop)
      peak = max(peak, hops.count)
      guard let narrowest else {
        weight += limit
        return false
      }
      return add(limit, of: narrowest, atMost: most.rounded(.up))
    }

    /// Gives the hop in a place back, and takes its flow's limit out.
    ///
    /// - Parameter narrowest: the group that the limit is in; nil where in none.
    /// - Returns: the hop that is in its place now; it itself where that was the last.
    mutating func give(
      _ place: Int32, _ limit: Double, of narrowest: Int32?, atMost most: Double, at time: Int64
    ) -> Int32 {
      let last = hops.removeLast()
      if Int(place) < hops.count { hops[Int(place)] = last }
      if let narrowest {
        remove(limit, of: narrowest, atMost: most.rounded(.up))
      } else {
        weight -= limit
      }
      if hops.isEmpty {
        weight = 0
        busy += time - busySince
      }
      return last
    }

    /// Counts the limit of a flow with a narrower link, all flows of which add up to no more than that carries.
    ///
    /// - Returns: whether it is in a group; with too many groups it counts by itself.
    private mutating func add(_ limit: Double, of narrowest: Int32, atMost most: Double) -> Bool {
      guard let place = groups.firstIndex(where: { $0.narrowest == narrowest }) else {
        guard groups.count < Self.mostGroups else {
          weight += limit
          return false
        }
        groups.append(Group(narrowest: narrowest, count: 1, weight: limit))
        weight += min(limit, most)
        return true
      }
      var group = groups[place]
      weight += min(group.weight + limit, most) - min(group.weight, most)
      group.count += 1
      group.weight += limit
      groups[place] = group
      return true
    }

    /// Takes the limit of a flow out of the group that it is in.
    private mutating func remove(_ limit: Double, of narrowest: Int32, atMost most: Double) {
      guard let place = groups.firstIndex(where: { $0.narrowest == narrowest }) else { return }
      var group = groups[place]
      weight += min(group.weight - limit, most) - min(group.weight, most)
      group.count -= 1
      group.weight -= limit
      groups[place] = group
      guard group.count == 0 else { return }
      groups.swapAt(place, groups.count - 1)
      groups.removeLast()
    }
  }
}
