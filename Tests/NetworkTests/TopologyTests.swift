import Operators
import Testing

@testable import Network

@Suite struct TopologyTests {
  private static func level(_ members: Int, _ name: String = "level") -> Topology.Level {
    Topology.Level(
      name: name, members: members, bandwidth: Double(members) * 1e9,
      latency: Nanoseconds(Int64(members) * 10))
  }

  /// A tree with parents, walked link by link.
  private struct Tree {
    var parents: [Int] = []
    /// The name of the link to the parent, and its latency.
    var names: [String] = []
    var latencies: [Int64] = []

    mutating func add(_ name: String, under parent: Int, _ latency: Int64) -> Int {
      parents.append(parent)
      names.append(name)
      latencies.append(latency)
      return parents.count - 1
    }

    func ancestors(_ node: Int) -> [Int] {
      var (line, node) = ([node], node)
      while parents[node] >= 0 {
        node = parents[node]
        line.append(node)
      }
      return line
    }

    func path(_ from: Int, _ to: Int) -> (names: [String], latency: Int64) {
      let (up, down) = (ancestors(from), ancestors(to))
      let ups = up.prefix { !down.contains($0) }
      let downs = down.prefix { !up.contains($0) }
      let names =
        ups.map { "\(self.names[$0]) up" } + downs.reversed().map { "\(self.names[$0]) down" }
      return (names, (ups + downs).reduce(0) { $0 + latencies[$1] })
    }
  }

  @Test("Paths are those of a walk in the tree", arguments: 1...12 as ClosedRange<UInt64>)
  func paths(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let levels = (0..<Int.random(in: 1...4, using: &random)).map {
      Self.level(Int.random(in: 1...4, using: &random), "kind\($0)")
    }
    var topology = try Topology(levels: levels)
    // The tree, from the root down: switches of each level in order, then the leaves.
    var tree = Tree()
    var switches = [[tree.add("root", under: -1, 0)]]
    for level in levels.indices.reversed() {
      let name = level == 0 ? "device" : levels[level - 1].name
      var members: [Int] = []
      for parent in switches[switches.count - 1] {
        for _ in 0..<levels[level].members {
          members.append(
            tree.add("\(name) \(members.count)", under: parent, levels[level].latency.rawValue))
        }
      }
      switches.append(members)
    }
    var endpoints = switches.removeLast()
    switches.reverse()
    #expect(topology.leafCount == endpoints.count)
    for extra in 0..<3 {
      let level = Int.random(in: 0..<levels.count, using: &random)
      #expect(topology.switchCount(level) == switches[level].count)
      let group = Int.random(in: 0..<switches[level].count, using: &random)
      let latency: Int64? = extra == 0 ? 77 : nil
      let endpoint = try topology.attach(
        name: "store\(extra)", level: level, group: group, bandwidth: 5e9,
        latency: latency.map { Nanoseconds($0) })
      #expect(endpoint == endpoints.count)
      endpoints.append(
        tree.add(
          "store\(extra)", under: switches[level][group],
          latency ?? levels[level].latency.rawValue))
    }
    #expect(topology.endpointCount == endpoints.count)
    var crossed: Set<Int32> = []
    for from in endpoints.indices {
      for to in endpoints.indices {
        let expected = tree.path(endpoints[from], endpoints[to])
        let path = topology.path(from: from, to: to)
        #expect(path.links.map { topology.name(of: $0) } == expected.names)
        #expect(path.latency == expected.latency)
        crossed.formUnion(path.links)
      }
    }
    // Switches with one member are never crossed in a tree with one leaf under the root.
    #expect(crossed.allSatisfy { topology.capacities.indices.contains(Int($0)) })
    for level in levels.indices {
      for endpoint in 0..<topology.leafCount {
        let group = topology.group(of: endpoint, at: level)
        #expect(tree.ancestors(endpoints[endpoint]).contains(switches[level][group ?? -1]))
      }
    }
  }

  @Test("Capacities are what a level's links really carry, both ways")
  func capacities() throws {
    var topology = try Topology(levels: [
      .init(name: "node", members: 2, bandwidth: 100e9, latency: .zero, efficiency: 0.8),
      .init(name: "rack", members: 2, bandwidth: 40e9, latency: .zero, oversubscription: 4),
    ])
    let store = try topology.attach(name: "archive", level: 1, group: 0, bandwidth: 7e9)
    let links = topology.path(from: 0, to: 3).links.map { topology.capacities[Int($0)] }
    #expect(links == [80e9, 10e9, 10e9, 80e9])
    #expect(topology.path(from: store, to: store).links.isEmpty)
    #expect(
      topology.path(from: store, to: 2).links.map { topology.name(of: $0) } == [
        "archive up", "node 1 down", "device 2 down",
      ])
    #expect(topology.name(ofEndpoint: store) == "archive")
    #expect(topology.ring([0, 2, 3]).map { [$0.from, $0.to] } == [[0, 2], [2, 3], [3, 0]])
    #expect(topology.ring([1]).isEmpty)
    // The two directions are apart: neither flow slows the other.
    var network = FlowNetwork(capacities: topology.capacities)
    _ = network.start(bytes: 10e9, over: topology.path(from: 0, to: 2).links, at: 0)
    _ = network.start(bytes: 10e9, over: topology.path(from: 2, to: 0).links, at: 0)
    #expect(network.nextEnd == 1_000_000_000)
  }

  @Test(
    "Hostile sizes are errors",
    arguments: [
      [], [0], [-3], [Int.max], [1 << 20], [Int.max, 2], [1 << 32, 1 << 32], [1 << 10, 1 << 10],
      [1, Int.max, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1 << 16],
    ])
  func hostile(members: [Int]) {
    #expect(throws: NetworkError.self) {
      try Topology(
        levels: members.map {
          .init(name: "level", members: $0, bandwidth: 1e9, latency: .zero)
        })
    }
  }

  @Test("Numbers out of their bounds are errors that name the level")
  func bounds() throws {
    let sound = Self.level(2, "rack")
    func expectError(_ change: (inout Topology.Level) -> Void) {
      var level = sound
      change(&level)
      let error = #expect(throws: NetworkError.self) { try Topology(levels: [sound, level]) }
      #expect(error?.description.contains("'rack'") == true)
    }
    for bandwidth in [0, -1, .nan, .infinity] { expectError { $0.bandwidth = bandwidth } }
    for efficiency in [0, -1, .nan, 1.01] { expectError { $0.efficiency = efficiency } }
    for ratio in [0, -1, .nan, .infinity] { expectError { $0.oversubscription = ratio } }
    for latency in [-1, Int64.max] { expectError { $0.latency = Nanoseconds(latency) } }
    var topology = try Topology(levels: [sound, sound])
    for (level, group) in [(-1, 0), (2, 0), (0, 2), (1, 1), (0, -1)] {
      #expect(throws: NetworkError.self) {
        try topology.attach(name: "store", level: level, group: group, bandwidth: 1)
      }
    }
    #expect(throws: NetworkError.self) {
      try topology.attach(name: "store", level: 0, group: 0, bandwidth: .nan)
    }
    #expect(topology.endpointCount == 4)
  }
}
