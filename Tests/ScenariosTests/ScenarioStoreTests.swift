import Analytical
import Testing

@testable import Scenarios

@Suite struct ScenarioStoreTests {
  /// A scenario with a store of these keys, after line 5.
  private func yaml(_ store: String) -> String {
    """
    version: 1
    name: n
    engines:
      - {name: e, model: m, device: d, max_model_len: 9}
      - {name: s, kind: store, \(store)}
    pipelines:
      - {name: p, stages: [{do: fetch, on: s}, {do: generate, on: e}]}
    """
  }

  private func store(_ keys: String) throws -> StoreService {
    let pool = try Scenario(yaml: yaml(keys), path: "x").pools[1]
    guard case .store(let service) = pool.service else {
      throw ScenarioError(path: "x", line: 5, message: "no store")
    }
    return service
  }

  static let curve = "curve: [{bytes: 4e6, time_us: 200}, {bytes: 1e6, time_us: 100}]"

  @Test(
    "A curve says what transfers take alone, and its peak is the bandwidth that all share",
    arguments: [("", 20.0), (", bandwidth_gb_s: 7", 7.0)])
  func curve(more: String, bandwidth: Double) throws {
    let service = try store(Self.curve + more + ", latency_us: 3")
    #expect(abs(service.bandwidth - bandwidth) < 1e-9)
    #expect(service.latency == 3)
    // Between the points √(100 · 200) µs at √(1 · 4) MB; below as long as the smallest; beyond at its rate.
    for (bytes, seconds) in [(1e6, 1e-4), (2e6, 1.4142135623730951e-4), (1e3, 1e-4), (8e6, 4e-4)] {
      #expect(abs(bytes / service.rate(bytes: bytes) / seconds - 1) < 1e-9, "\(bytes)")
    }
  }

  @Test("Without a curve one transfer may have all of the bandwidth")
  func line() throws {
    #expect(try store("bandwidth_gb_s: 5").rate(bytes: 1e6) == .infinity)
  }

  @Test(
    "What is wrong with a store has its line, and what to do is said",
    arguments: [
      ("latency_us: 1", "a store needs 'bandwidth_gb_s' or 'curve'"),
      ("curve: []", "'curve' is a list of 1 to 4096"),
      ("curve: [{bytes: 1}]", "a point of a curve needs the key 'time_us'"),
      ("curve: [{bytes: 0, time_us: 1}]", "'bytes' is a number above 0.0"),
      ("curve: [{bytes: 1, time_us: -1}]", "'time_us' is a number above 0.0"),
      ("curve: [{bytes: 1e18, time_us: 1e-9}]", "'bandwidth_gb_s' is a number above 0.0"),
    ])
  func errors(keys: String, message: String) {
    let error = #expect(throws: ScenarioError.self) { try store(keys) }
    #expect(error?.line == 5)
    #expect(error?.message.hasPrefix(message) == true, "\(String(describing: error))")
  }

  @Test(
    "Hosts' memory holds the indexes that are searched there together, each once",
    arguments: [(1.23, false), (1.24, true), (0.62, false)])
  func indexMemory(gigabytes: Double, fits: Bool) {
    // Two flat indexes of 1,000,000 vectors of 152 elements of 4 bytes, identities of 8 and one list of
    // 152 · 4 + 8 bytes: 616,000,616 bytes each; the third is searched elsewhere.
    let text = """
      version: 1
      name: n
      indexes:
        - {name: a, kind: ivf-flat, vectors: 1000000, dimension: 152, lists: 1}
        - {name: b, kind: ivf-flat, vectors: 1000000, dimension: 152, lists: 1}
        - {name: c, kind: ivf-flat, vectors: 1000000, dimension: 152, lists: 1}
      engines:
        - {name: other, kind: cpu, cores: 1, memory_bandwidth_gb_s: 1}
        - {name: hosts, kind: cpu, cores: 1, memory_bandwidth_gb_s: 1, memory_gb: \(gigabytes)}
      pipelines:
        - name: p
          stages:
            - {name: 1, do: retrieve, on: hosts, index: a, probes: 1, documents: 1}
            - {name: 2, do: retrieve, on: hosts, index: b, probes: 1, documents: 1}
            - {name: 3, do: retrieve, on: hosts, index: a, probes: 1, documents: 2}
            - {name: 4, do: retrieve, on: other, index: c, probes: 1, documents: 1}
      """
    do {
      _ = try Scenario(yaml: text, path: "x")
      #expect(fits)
    } catch {
      #expect(!fits)
      #expect(error.line == 9)
      #expect(
        error.message.hasPrefix("the vector indexes that are searched on 'hosts' take 1.24 GB"),
        "\(error)")
    }
  }
}
