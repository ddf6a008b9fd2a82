// Replays a request log with measured latencies, and holds the replay against them.
//
//     swift run ReplayLog lat.sqlite SampleTraces/amd-epyc-1thread/server.yaml requests.jsonl.zst
import Foundation
import Reprise

@main
struct ReplayLog {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count == 3 else {
      print("usage: ReplayLog lat.sqlite deployment.yaml requests.jsonl")
      return
    }
    let (database, file, path) = (arguments[0], arguments[1], arguments[2])
    var deployment = try Deployment(
      yaml: String(contentsOfFile: file, encoding: .utf8), path: file)
    let model = try architecture(deployment.model, beside: file)

    // A plan is a group of engines with its memory and its prices: measured, and by the roofline alone.
    let store = try OperatorStore(path: database, mode: .readOnly)
    let plans = try deployment.engines.map { group in
      guard let device = Device.builtIn(named: group.device) else { throw UnknownDevice(group.device) }
      let known = try store.evidence(for: group, serving: model, on: device)
      return try EnginePlan(
        group, model, on: device, curves: known.curves, relatives: known.relatives, calibration: nil)
    }
    deployment.engines = plans.map(\.group)

    let log = try RequestLog(path: path)
    let table = RequestTable(log.records)
    let replayed = try Simulation(deployment: deployment, pricings: plans.map(\.measured)).run(table)
    let roofline = try Simulation(deployment: deployment, pricings: plans.map(\.roofline)).run(table)

    print(ReplaySummary(replayed).text)
    let rows = RequestRow.rows(
      log: log.records, outcomes: replayed.outcomes, roofline: roofline.outcomes)
    let validation = try Validation(rows: rows, timeShares: TimeShares(replayed))
    for line in validation.verdicts { print(line) }
  }

  /// A model by its name, or the configuration beside the deployment.
  static func architecture(_ name: String, beside file: String) throws -> ModelArchitecture {
    if let known = ModelArchitecture.builtIn(named: name) { return known }
    let path = URL(filePath: file).deletingLastPathComponent().appending(path: name)
    return try ModelArchitecture(configuration: Array(Data(contentsOf: path)), name: name)
  }

  struct UnknownDevice: Error, CustomStringConvertible {
    var description: String
    init(_ name: String) { description = "no data sheet of \(name)" }
  }
}
