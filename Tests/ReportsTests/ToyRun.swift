import CostModel
import Foundation
import Operators
import Replay
import Reports
import RequestLogs
import Scenarios
import TestSupport
import Validation

/// A small replay with made-up measurements, so that reports have steps, outcomes and a log that
/// agree with each other.
struct ToyRun {
  var log: [RequestRecord] = []
  var result: ReplayResult
  let model = LinearStepModel(
    perStep: 8_000_000.7, perPrefillToken: 61_000.3, perDecodeSequence: 210_000.1)

  var outcomes: [RequestOutcome] { result.outcomes }
  var steps: [StepRecord] { result.steps }

  /// - Parameter isSplit: Whether other engines decode than prefill.
  init(
    requests: Int = 40, engines: Int = 2, mostRunning: Int = 6, isSplit: Bool = false
  ) throws {
    var random = SplitMix64(seed: 7)
    var arrival: Int64 = 0
    for index in 0..<requests {
      arrival += Int64(random.below(150_000_000)) + 1
      log.append(
        RequestRecord(
          id: index == 5 ? "=cmd|'\"x\",\n\u{1}é" : "bench-\(index)", arrival: Nanoseconds(arrival),
          inputTokens: index == 7 ? 5_000 : 100 + random.below(900),
          outputTokens: index == 3 ? 1 : 2 + random.below(60)))
    }
    var deployment = Deployment(
      model: "toy",
      engines: [
        EngineGroup(
          name: "toy", count: engines, device: "toy", maxSequences: mostRunning,
          maxModelLength: 4_096, blockCount: 1_000)
      ])
    if isSplit {
      var decode = deployment.engines[0]
      decode.role = .decode
      deployment.engines[0].role = .prefill
      deployment.engines[0].keyValues = KeyValueSize(bytesPerToken: 131_072, layers: 32)
      deployment.engines.append(decode)
      deployment.transfer = KeyValueTransfer(bandwidth: 25)
    }
    var options = ReplayOptions()
    options.recordsSteps = true
    let pricings = Array(repeating: model, count: deployment.engines.count)
    let simulation = try Simulation(deployment: deployment, pricings: pricings, options: options)
    result = simulation.run(RequestTable(log))
    for (index, outcome) in result.outcomes.enumerated() where outcome.status == .finished {
      let factor = 0.9 + Double(random.below(200)) / 1_000
      func stretched(_ time: Nanoseconds) -> Nanoseconds {
        Nanoseconds(rounding: Double(time.rawValue) * factor)
      }
      log[index].measured = MeasuredTimes(
        scheduled: index == 9 ? nil : stretched(outcome.queueTime),
        firstToken: stretched(outcome.timeToFirstToken), lastToken: stretched(outcome.endToEnd))
    }
  }

  /// The rows of a table, with a roofline that is twice as fast as the replay.
  var rows: [RequestRow] {
    RequestRow.rows(log: log, outcomes: outcomes).map { row in
      var row = row
      row.roofline = RequestLatencies(row.outcome, id: row.id).map {
        RequestLatencies(
          id: $0.id, timeToFirstToken: $0.timeToFirstToken.map { Nanoseconds($0.rawValue / 2) },
          timePerOutputToken: $0.timePerOutputToken.map { Nanoseconds($0.rawValue / 2) },
          endToEnd: Nanoseconds($0.endToEnd.rawValue / 2))
      }
      return row
    }
  }
}
