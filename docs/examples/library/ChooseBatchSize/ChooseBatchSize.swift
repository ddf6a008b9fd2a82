// Asks how many sequences a server should run at once: draws requests, replays them for each answer on as
// many threads as there are processors, and prints what each gives. No measurement is needed, or used.
//
//     swift run ChooseBatchSize 6
import Reprise

@main
struct ChooseBatchSize {
  static func main() async throws {
    let rate = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 6
    guard let model = ModelArchitecture.builtIn(named: "meta-llama/Llama-3.1-8B"),
      let device = Device.builtIn(named: "h100-sxm")
    else { return }
    let chat = ClientStream(
      name: "chat", load: .arrivals(.renewal(rate: rate, gaps: .exponential)),
      input: .uniform(minimum: 200, maximum: 3000), output: .uniform(minimum: 50, maximum: 500))
    let workload = SyntheticWorkload(seed: 7, streams: [chat], count: 2000)
    var requests: [RequestRecord] = []
    var drawn = try SyntheticRequests(workload)
    while let request = drawn.next() { requests.append(request) }
    let table = RequestTable(requests)

    print("sequences  p99 TTFT ms  p99 TPOT ms  output tokens/s")
    let sizes = [4, 8, 16, 32, 64, 128, 256]
    let summaries = try await withThrowingTaskGroup(of: (Int, ReplaySummary).self) { group in
      for size in sizes {
        group.addTask {
          let engine = EngineGroup(
            name: "server", device: device.name, maxSequences: size, maxModelLength: 4096)
          let plan = try EnginePlan(engine, model, on: device, curves: [], calibration: nil)
          let deployment = Deployment(model: model.name, engines: [plan.group])
          let simulation = try Simulation(deployment: deployment, pricings: [plan.measured])
          return (size, ReplaySummary(simulation.run(table)))
        }
      }
      // Results come in any order and are told in one.
      var summaries: [Int: ReplaySummary] = [:]
      for try await (size, summary) in group { summaries[size] = summary }
      return summaries
    }
    for size in sizes {
      guard let summary = summaries[size], let first = summary.timeToFirstToken,
        let each = summary.timePerOutputToken
      else { continue }
      let cells = [
        "\(size)", rounded(first.p99.milliseconds), rounded(each.p99.milliseconds),
        rounded(summary.outputTokensPerSecond),
      ]
      print(zip(cells, [9, 13, 13, 17]).map { padded($0, $1) }.joined())
    }
  }

  static func rounded(_ value: Double) -> String { String((value * 10).rounded() / 10) }

  static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
