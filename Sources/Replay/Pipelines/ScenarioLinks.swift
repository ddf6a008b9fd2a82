import Network
public import Operators
import Scenarios

/// Everything that carries bytes in a scenario: the network's links, the memory of hosts, the stores.
///
/// One ``Network/FlowNetwork`` holds them all, so that what crosses several of them is bounded by the tightest.
struct ScenarioLinks {
  /// The way of bytes.
  struct Route {
    var links: [Int32]
    /// Nanoseconds, beyond what the bytes take.
    var latency: Int64

    /// Nowhere: what is sent is there at once.
    static let none = Route(links: [], latency: 0)
  }

  /// What a flow is for, and who takes it in.
  enum Errand: Equatable {
    /// What a stage needs comes to its engine.
    case input(TaskTry)
    /// Keys and values go ahead of the last layer's, while that is computed, to the decode.
    case layers(TaskTry)
    /// A store's blocks come to the engine of the task that waits for them.
    case fetch(TaskTry, store: Int32)
    /// A host's work, as memory traffic: its number, and its serial number.
    case work(Int32, serial: UInt32)
    /// An engine's blocks go to a store.
    case write(StoreLevels.WriterPlace)
    /// Devices of an engine exchange what a step needs.
    case exchange(engine: Int32, epoch: UInt32)

    /// The try at a stage that waits for it, if one does.
    var waiter: TaskTry? {
      switch self {
      case .input(let waiter), .layers(let waiter), .fetch(let waiter, _): waiter
      case .work, .write, .exchange: nil
      }
    }
  }

  /// A flow's bytes, and whom they are for.
  struct Cargo {
    var errand: Errand
    var latency: Int64 = 0
    /// Of what is to be told of it, if anything is: when it was sent, how much it is, and its links.
    var started: Int64 = 0
    var bytes = 0.0
    var links: [Int32] = []
  }

  /// The network's shape; nil without one.
  private(set) var topology: Topology?
  private(set) var network: FlowNetwork
  private var cargo: [Cargo] = []
  /// A way whose list of links is used again.
  private var way = Route.none
  private let keepsRoutes: Bool
  private var capacities: [Double]
  /// What links beyond the topology's are called.
  private var ownNames: [String] = []

  /// The links of a scenario's network.
  ///
  /// - Parameter keepsRoutes: whether a flow's bytes and links are told at its end.
  init(_ scenario: Scenario, keepsRoutes: Bool = false) throws(PipelineError) {
    self.keepsRoutes = keepsRoutes
    if !scenario.network.isEmpty {
      do {
        topology = try Topology(
          levels: scenario.network.map {
            Topology.Level(
              name: $0.name, members: $0.members, bandwidth: 1e9 * $0.bandwidth,
              latency: Nanoseconds(rounding: 1e3 * $0.latency), efficiency: $0.efficiency)
          }, leaf: "engine")
      } catch {
        throw .conflict("network: \(error)")
      }
    }
    capacities = topology?.capacities ?? []
    network = FlowNetwork(capacities: [])
  }

  /// Places for engines.
  var leafCount: Int { topology?.leafCount ?? .max }

  /// Attaches a store that serves the engines in these places to the switch that they share; the endpoint, or
  /// nil where it stands beside its only engine or there is no network.
  mutating func attach(_ name: String, servingLeaves leaves: ClosedRange<Int>) throws(PipelineError)
    -> Int?
  {
    guard topology != nil, leaves.count > 1, let levels = topology?.levels else { return nil }
    var (level, size) = (0, levels[0].members)
    while level + 1 < levels.count, leaves.lowerBound / size != leaves.upperBound / size {
      level += 1
      size *= levels[level].members
    }
    do {
      // A store's own bandwidth is a link of its own.
      return try topology?.attach(
        name: name, level: level, group: leaves.lowerBound / size, bandwidth: 1e15)
    } catch {
      throw .conflict("engines '\(name)': \(error)")
    }
  }

  /// Adds a link of so many bytes a second; its number counts from the end of the topology's, which may grow
  /// until ``open()``.
  mutating func add(_ name: String, bytesPerSecond: Double) -> Int32 {
    ownNames.append(name)
    capacities.append(bytesPerSecond)
    return Int32(ownNames.count - 1)
  }

  /// Makes the network of all that was added; numbers of ``add(_:bytesPerSecond:)`` become links by adding what
  /// is returned.
  mutating func open() -> Int32 {
    let own = capacities.suffix(ownNames.count)
    let base = topology?.capacities ?? []
    network = FlowNetwork(capacities: base + own)
    return Int32(base.count)
  }

  /// The way between two places; nil where there is no network, or nothing between them.
  func route(from source: Int, to target: Int) -> Route? {
    guard source != target, let topology else { return nil }
    let path = topology.path(from: source, to: target)
    return Route(links: path.links, latency: path.latency)
  }

  /// Sends bytes between two places; false where there is no network, or nothing between them.
  mutating func send(
    _ bytes: Double, from source: Int, to target: Int, for errand: Errand, at time: Int64
  ) -> Bool {
    guard source != target, topology != nil else { return false }
    var way = Route.none
    swap(&way, &self.way)
    way.links.removeAll(keepingCapacity: true)
    way.latency = topology?.appendPath(from: source, to: target, to: &way.links) ?? 0
    send(bytes, over: way, for: errand, at: time)
    swap(&way, &self.way)
    return true
  }

  /// The links over which an engine in this place exchanges between its devices, and the bytes a second that
  /// it gets there alone; nil where the network has no such level.
  func exchange(of leaf: Int, over level: String) -> (links: [Int32], rate: Double)? {
    guard let topology, let index = topology.levels.firstIndex(where: { $0.name == level }) else {
      return nil
    }
    let links = topology.links(above: leaf, at: index)
    return ([links.up, links.down], topology.levels[index].capacity)
  }

  /// Sends bytes; the number of their flow.
  @discardableResult
  mutating func send(
    _ bytes: Double, over route: Route, atMost rate: Double = .infinity, for errand: Errand,
    at time: Int64
  ) -> Int32 {
    let flow = Int(network.start(bytes: bytes, over: route.links, atMost: rate, at: time))
    let own = Cargo(errand: errand, latency: route.latency)
    // Flows are numbered without gaps.
    if flow == cargo.count { cargo.append(own) } else { cargo[flow] = own }
    if keepsRoutes {
      (cargo[flow].started, cargo[flow].bytes, cargo[flow].links) = (time, bytes, route.links)
    }
    return Int32(truncatingIfNeeded: flow)
  }

  /// Ends a flow early; the bytes that it had left.
  mutating func cut(_ flow: Int32, at time: Int64) -> Double { network.cancel(flow, at: time) }

  /// What a flow was for that has ended.
  func ended(_ flow: Int32) -> Cargo { cargo[Int(flow)] }

  /// Takes flows off that are of no use any more.
  mutating func cancel(at time: Int64, where isVoid: (Errand) -> Bool) {
    for flow in cargo.indices
    where network.isRunning(Int32(flow)) && isVoid(cargo[flow].errand) {
      network.cancel(Int32(flow), at: time)
    }
  }

  /// Takes a flow that has ended by a time, or nil.
  mutating func popEnded(by time: Int64) -> Int32? { network.popEnded(by: time) }

  /// Lets time pass in which no flow ends.
  mutating func wait(until time: Int64) { network.wait(until: time) }

  /// The links that engines in these places may use, and those of what is attached.
  func links(of leaves: [Int]) -> [Int] {
    guard let topology else { return Array(0..<network.linkCount) }
    let attached = 2 * (topology.endpointCount - topology.leafCount)
    var found = Set(topology.capacities.count - attached..<network.linkCount)
    for leaf in leaves {
      for level in topology.levels.indices {
        let (up, down) = topology.links(above: leaf, at: level)
        found.formUnion([Int(up), Int(down)])
      }
    }
    return found.sorted()
  }

  /// What a link is called.
  func name(of link: Int) -> String {
    let shared = topology?.capacities.count ?? 0
    return link < shared ? topology?.name(of: Int32(link)) ?? "" : ownNames[link - shared]
  }

  /// What every link carried.
  func totals() -> [LinkTotals] {
    (0..<network.linkCount).map { link in
      LinkTotals(
        name: name(of: link), capacity: network.capacity(link), bytes: network.carriedBytes(link),
        busyTime: Nanoseconds(network.busyTime(link)), peakFlows: network.peakFlows(link))
    }
  }
}

/// What a link carried.
public struct LinkTotals: Sendable, Hashable {
  /// Its name: where it leads from, or what it stands for.
  public var name: String
  /// Bytes a second that it can carry.
  public var capacity: Double
  /// Bytes that it carried.
  public var bytes: Double
  /// Time in which anything was on it.
  public var busyTime: Nanoseconds
  /// The most transfers that were on it at once.
  public var peakFlows: Int
}
