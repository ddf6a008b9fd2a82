import Analytical
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct StoreCurveTests {
  /// Transfers of 1 KB take 100 µs alone, of 4 KB 200 µs; at most 20 MB a second go together.
  static let curve = StorageCurve([
    .init(bytes: 1000, seconds: 1e-4), .init(bytes: 4000, seconds: 2e-4),
  ])

  /// How long the fetches of requests take that come at once, in nanoseconds, and how busy the store is.
  private func fetches(_ store: StoreService, inputs: [Int]) throws -> [Int64] {
    let stages = [
      Stage(name: "fetch", action: .fetch, pool: "host"),
      Stage(name: "generate", action: .generate, pool: "chat"),
    ]
    let host = EnginePool(name: "host", service: .store(store))
    let (_, outcomes) = try replay(
      plan([modelPool(), host], stages), inputs.map { request(0, input: $0, output: 1) })
    return outcomes.map { ($0.stages[0].ended - $0.stages[0].ready).rawValue }
  }

  @Test(
    "A transfer alone takes what the curve says, after the look-up",
    arguments: [(17, 126_491), (33, 178_885), (65, 320_000), (81, 400_000)])
  func alone(input: Int, nanoseconds: Int64) throws {
    // 100 bytes for each token of the whole blocks of 16 before the last token: powers of the size between the
    // curve's points, in proportion beyond them.
    let store = StoreService(bandwidth: 0.02, latency: 7, hitRate: 1, curve: Self.curve)
    let found = try fetches(store, inputs: [input])
    #expect(abs(found[0] - nanoseconds - 7000) <= 2, "\(found)")
  }

  @Test("Small transfers at once slow each other down only where the store's bandwidth is short")
  func shared() throws {
    // One of 1,600 bytes would go at 12.65 MB a second; two share the store's 20, of four each gets a quarter.
    var store = StoreService(bandwidth: 0.02, hitRate: 1, curve: Self.curve)
    #expect(try fetches(store, inputs: [17, 17]).allSatisfy { abs($0 - 160_000) <= 2 })
    #expect(try fetches(store, inputs: [17, 17, 17, 17]).allSatisfy { abs($0 - 320_000) <= 2 })
    // Without the curve one alone has all of it.
    store.curve = nil
    #expect(try fetches(store, inputs: [17]).allSatisfy { abs($0 - 80_000) <= 2 })
  }
}
