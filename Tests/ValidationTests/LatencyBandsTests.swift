import CostModel
import Operators
import Replay
import RequestLogs
import Scenarios
import Testing
import Validation

/// Steps of one length, of which this much is in doubt.
private struct DoubtfulSteps: StepPricing {
  var nanoseconds: Double
  var relativeError: Double

  func price(_ shape: StepShape) -> StepPrice {
    guard shape.tokens > 0 else { return StepPrice() }
    var price = StepPrice(standardError: nanoseconds * relativeError)
    price[.measured] = nanoseconds
    return price
  }

  /// Linear, so that closed forms are exact.
  func shifted(by standardErrors: Double) -> Self {
    Self(
      nanoseconds: nanoseconds * (1 + standardErrors * relativeError), relativeError: relativeError)
  }
}

@Suite struct LatencyBandsTests {
  private static let service = 1_000_000.0
  private static let requests = 200

  /// A server of one request at a time, each one step, all `gap` apart.
  private func bands(gap: Double, error: Double) throws -> LatencyBands {
    let group = EngineGroup(
      name: "one", count: 1, device: "none", maxSequences: 1, maxBatchedTokens: 64,
      maxModelLength: 64, blockSize: 16, blockCount: 100)
    let simulation = try Simulation(
      deployment: Deployment(model: "none", engines: [group]),
      pricings: [DoubtfulSteps(nanoseconds: Self.service, relativeError: error)])
    let table = RequestTable(
      (0..<Self.requests).map {
        RequestRecord(
          id: "\($0)", arrival: Nanoseconds(rounding: Double($0) * gap), inputTokens: 8,
          outputTokens: 1)
      })
    return try LatencyBands(
      ReplaySummary(simulation.run(table)), of: simulation, table)
  }

  /// The mean time to the first token by Lindley's recursion.
  private func mean(gap: Double, service: Double) -> Double {
    var (wait, sum) = (0.0, 0.0)
    for _ in 0..<Self.requests {
      sum += wait + service
      wait = max(0, wait + service - gap)
    }
    return sum / Double(Self.requests)
  }

  /// Without a queue, just short of one, and with one that grows all the time.
  @Test(arguments: [2_000_000, 1_100_000, 500_000.0])
  func `Bands are those of a queue with short and with long steps`(gap: Double) throws {
    let error = 0.1
    let bands = try bands(gap: gap, error: error)
    let band = try #require(bands[.timeToFirstToken].first)
    #expect(band.statistic == .mean)
    let shift = LatencyBands.standardErrors * error
    for (found, factor) in [(band.low, 1 - shift), (band.replayed, 1), (band.high, 1 + shift)] {
      let expected = mean(gap: gap, service: Self.service * factor)
      #expect(abs(Double(found.rawValue) / expected - 1) < 1e-3)
    }
  }

  @Test func `Bands hold the replay, widen under load and vanish without doubt`() throws {
    var widths: [Double] = []
    for gap in [2_000_000, 1_100_000.0] {
      let bands = try bands(gap: gap, error: 0.1)
      #expect(bands.metrics.map(\.metric) == [.timeToFirstToken, .endToEnd])
      for band in bands.metrics.flatMap(\.bands) {
        #expect(band.low < band.replayed && band.replayed < band.high)
        #expect(band.contains(band.replayed) && !band.contains(band.high + Nanoseconds(1)))
      }
      let mean = bands[.timeToFirstToken][0]
      widths.append(Double((mean.high - mean.low).rawValue) / Double(mean.replayed.rawValue))
    }
    #expect(widths[1] > 2 * widths[0])
    for band in try bands(gap: 1_100_000, error: 0).metrics.flatMap(\.bands) {
      #expect(band.low == band.replayed && band.high == band.replayed)
    }
  }

  @Test func `Measured figures inside are counted`() throws {
    var bands = try bands(gap: 2_000_000, error: 0.1)
    func latencies(_ time: Double) -> [RequestLatencies] {
      (0..<Self.requests).map {
        RequestLatencies(
          id: "\($0)", timeToFirstToken: Nanoseconds(rounding: time), timePerOutputToken: nil,
          endToEnd: Nanoseconds(rounding: 2 * time))
      }
    }
    // The first token within, the last not.
    bands.hold(
      against: try Validation(
        measured: latencies(1.1 * Self.service), replayed: latencies(Self.service)))
    #expect(bands.measured?.figures == 6 && bands.measured?.inside == 3)
    bands.hold(against: try Validation(measured: [], replayed: []))
    #expect(bands.measured == nil)
  }
}
