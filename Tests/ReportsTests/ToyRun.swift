import CostModel
import Foundation
import Operators
import Replay
import RequestLogs
import Reports
import Validation

/// A small server on two engines, simulated in a few lines, so that reports have steps and outcomes
/// that agree with each other.
struct ToyRun {
  var log: [RequestRecord] = []
  var outcomes: [RequestOutcome] = []
  var steps: [StepRecord] = []
  let model = LinearStepModel(
    perStep: 8_000_000.7, perPrefillToken: 61_000.3, perDecodeSequence: 210_000.1)

  init(requests: Int = 40, engines: Int = 2, mostRunning: Int = 6) {
    var state: UInt64 = 7
    func draw(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var arrival: Int64 = 0
    for index in 0..<requests {
      arrival += Int64(draw(150_000_000)) + 1
      let output = index == 3 ? 1 : 2 + draw(60)
      log.append(
        RequestRecord(
          id: index == 5 ? "=cmd|'\"x\",\n\u{1}é" : "bench-\(index)", arrival: Nanoseconds(arrival),
          inputTokens: 100 + draw(900), outputTokens: output))
      var outcome = RequestOutcome()
      outcome.arrival = Nanoseconds(arrival)
      outcome.engine = Int32(index % engines)
      outcome.inputTokens = Int32(log[index].inputTokens)
      outcomes.append(outcome)
    }
    outcomes[7].status = .rejected
    for engine in 0..<engines { run(engine: Int32(engine), mostRunning: mostRunning) }
    for index in log.indices where outcomes[index].status == .finished {
      let outcome = outcomes[index]
      let factor = 0.9 + Double(draw(200)) / 1_000
      func stretched(_ time: Nanoseconds) -> Nanoseconds {
        Nanoseconds(rounding: Double(time.rawValue) * factor)
      }
      log[index].measured = MeasuredTimes(
        scheduled: index == 9 ? nil : stretched(outcome.queueTime),
        firstToken: stretched(outcome.timeToFirstToken), lastToken: stretched(outcome.endToEnd))
    }
  }

  private mutating func run(engine: Int32, mostRunning: Int) {
    var waiting = outcomes.indices.filter {
      outcomes[$0].engine == engine && outcomes[$0].status != .rejected
    }
    var running: [Int] = []
    var now = Nanoseconds.zero
    while !waiting.isEmpty || !running.isEmpty {
      if running.isEmpty, let next = waiting.first { now = max(now, outcomes[next].arrival) }
      var shape = StepShape()
      for index in running {
        shape.addDecode(context: log[index].inputTokens + Int(outcomes[index].outputTokens))
      }
      var fresh: [Int] = []
      while let next = waiting.first, outcomes[next].arrival <= now,
        running.count + fresh.count < mostRunning
      {
        waiting.removeFirst()
        outcomes[next].scheduled = now
        shape.addPrefill(tokens: log[next].inputTokens, past: 0, finishes: true)
        fresh.append(next)
      }
      let duration = Nanoseconds(rounding: model.price(shape).total)
      steps.append(
        StepRecord(
          engine: engine, steps: 1, start: now, duration: duration, shape: shape,
          waiting: Int32(waiting.count { outcomes[$0].arrival <= now }),
          blocksInUse: Int32(shape.decodeContext / 16), preempted: 0))
      now += duration
      for index in fresh { outcomes[index].firstToken = now }
      running += fresh
      for index in running { outcomes[index].outputTokens += 1 }
      for index in running where Int(outcomes[index].outputTokens) == log[index].outputTokens {
        outcomes[index].lastToken = now
        outcomes[index].status = .finished
      }
      running.removeAll { outcomes[$0].status == .finished }
    }
  }

  var rows: [RequestRow] {
    var rows = RequestRow.rows(log: log, outcomes: outcomes)
    for index in rows.indices {
      rows[index].roofline = RequestLatencies(outcomes[index], id: log[index].id).map {
        RequestLatencies(
          id: $0.id, timeToFirstToken: Nanoseconds($0.timeToFirstToken.rawValue / 2),
          timePerOutputToken: $0.timePerOutputToken.map { Nanoseconds($0.rawValue / 2) },
          endToEnd: Nanoseconds($0.endToEnd.rawValue / 2))
      }
    }
    return rows
  }
}

/// Runs `body` with the path of a file in a folder that is removed afterwards.
func withTemporaryPath<Result>(_ name: String, _ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("reprise-reports-\(UInt64.random(in: .min ... .max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.appendingPathComponent(name).path)
}
