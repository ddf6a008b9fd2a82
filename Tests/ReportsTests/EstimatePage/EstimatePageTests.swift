import Analytical
import Foundation
import Operators
import Testing

@testable import Reports

@Suite("estimates.html")
struct EstimatePageTests {
  /// Few of everything, and a name that is no friend of ours.
  private func subjects(hostile: String = "plain") throws -> ComparedSubjects {
    var model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
    model.name = hostile
    let experts = try #require(ModelArchitecture.builtIn(named: "Mixtral-8x7B-v0.1"))
    var subjects = ComparedSubjects(
      models: [
        .init(model, argument: "--model \(hostile)"), .init(experts, argument: "--model b"),
      ],
      platforms: try ["dgx-h100", "xeon-2s"].map {
        .init(try #require(Platform.builtIn(named: $0)), argument: "--platform \($0)")
      })
    subjects.devices = [2, 1, 4, 2]
    subjects.batches = [1, 32]
    subjects.useCases = Array(UseCase.builtIns.prefix(2))
    subjects.inputs = [77]
    return subjects
  }

  private func page(_ subjects: ComparedSubjects) throws -> String {
    try EstimatePage(subjects, toolVersion: "0.1.0").html
  }

  @Test("is one file: nothing in it is fetched, and its structure is sound")
  func structure() throws {
    let html = try page(subjects())
    #expect(fetches(in: html) == [])
    #expect(html.contains("default-src 'none'"))
    #expect(faults(inStructureOf: html) == [])
  }

  @Test("never takes text from outside for its own")
  func escaping() throws {
    let html = try page(subjects(hostile: "</script><script>alert('x')</script><b onload=\"y\">&"))
    #expect(!html.contains("alert('x')</script>"))
    #expect(!html.contains("<b onload"))
    #expect(html.contains("&lt;/script&gt;&lt;script&gt;alert"))
  }

  @Test("is the same to the byte each time")
  func deterministic() throws {
    #expect(try page(subjects()) == page(subjects()))
  }

  /// The page's grid, as its script reads it.
  private struct Grid: Decodable {
    struct Named: Decodable { var name: String }
    var models: [Named]
    var platforms: [Named]
    var types: [String]
    var devices: [Int]
    var batches: [Int]
    var inputs: [Int]
    var outputs: [Int]
    var bounds: [String]
    var weights: String
    var activations: [String]
    var caches: [String]
    var ttft: [String]
    var tpot: [String]
    var energy: [String]

    init(_ html: String) throws {
      let match = try #require(
        html.firstMatch(of: #/<script type="application/json" id="grid">(?<json>.*?)</script>/#))
      self = try JSONDecoder().decode(Self.self, from: Data(match.json.utf8))
    }
  }

  @Test("carries what `reprise estimate --json` prints at every place, to five digits")
  func grid() throws {
    let subjects = try subjects()
    let axes = subjects.axes
    let grid = try Grid(page(subjects))
    #expect(grid.devices == [1, 2, 4] && grid.inputs == [77, 1000, 3000])
    #expect(grid.platforms.map(\.name) == ["dgx-h100", "xeon-2s"])
    var placement = -1
    var fitting = 0
    for model in axes.models {
      for type in axes.types {
        for devices in axes.devices {
          placement += 1
          for (place, platform) in axes.platforms.enumerated() {
            let steps = try StepEstimator(
              model, Precision(serving: type), Parallelism(tensor: devices), on: platform)
            let row = placement * axes.platforms.count + place
            let (first, next) = try (unpacked(grid.ttft[row]), unpacked(grid.tpot[row]))
            for (short, sizes) in product(axes.batches, axes.inputs).enumerated() {
              for (index, output) in axes.outputs.enumerated() {
                let workload = Workload(
                  batch: sizes.0, inputTokens: sizes.1, outputTokens: output)
                let printed = try Printed(
                  EstimateReport(steps, RequestEstimator(steps).estimate(workload)))
                let long = short * axes.outputs.count + index
                let cell = long < next.count ? next[long] : nil
                guard printed.memory.fits, devices <= platform.devices else {
                  #expect(cell == nil)
                  continue
                }
                fitting += 1
                expectFiveDigits(cell?.value, printed.tpot_ms)
                expectFiveDigits(first[short]?.value, printed.ttft_ms)
                expectFiveDigits(
                  try unpacked(grid.energy[row])[long]?.value,
                  try #require(printed.energy_joules) / Double(workload.batch * output))
                #expect(try grid.bounds[#require(cell).mark] == printed.decode.bound)
                #expect(try grid.bounds[#require(first[short]).mark] == printed.prefill.bound)
                expectFiveDigits(
                  try unpacked(grid.caches[placement])[long]?.value,
                  printed.memory.cache_bytes / 1_073_741_824)
                expectFiveDigits(
                  try unpacked(grid.activations[placement])[short]?.value,
                  printed.memory.activations_bytes / 1_073_741_824)
                expectFiveDigits(
                  try unpacked(grid.weights)[placement]?.value,
                  printed.memory.weights_bytes / 1_073_741_824)
              }
            }
          }
        }
      }
    }
    #expect(fitting > 100)
  }

  @Test("shows in its tables what a search of all layouts finds")
  func tables() throws {
    let subjects = try subjects()
    let html = try page(subjects)
    let useCase = subjects.useCases[1]
    var search = PlanSearch(
      model: subjects.models[0].value, platform: subjects.platforms[0].value)
    search.serviceLevel = useCase.serviceLevel
    let plans = try [1, 2, 4].flatMap { devices in
      try [1, 32].flatMap { try search.plans(devices: devices, useCase.workload(batch: $0)) }
    }
    let best = try #require(plans.max { $0.throughputPerDevice < $1.throughputPerDevice })
    let table = try #require(
      html.split(separator: "<caption>chat: 3,000 tokens in").dropFirst().first)
    let row = try #require(table.split(separator: "<tr>").first { $0.contains(">dgx-h100<") })
    let cells = row.matches(of: #/<td[^>]*>(?<text>[^<]*)</#).map { String($0.text) }
    #expect(
      cells.prefix(4) == [
        "met", best.layout.description, "\(best.estimate.devices)",
        "\(best.estimate.workload.batch)",
      ])
    #expect(cells.dropFirst(6).first == String(format: "%.1f", best.throughputPerDevice))
    // Two processors are too slow for a chat.
    #expect(table.contains("missed, × "))
  }

  private func product(_ left: [Int], _ right: [Int]) -> [(Int, Int)] {
    left.flatMap { one in right.map { (one, $0) } }
  }

  private func expectFiveDigits(
    _ found: Double?, _ wanted: Double, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(
      found.map { abs($0 - wanted) <= 5.001e-5 * wanted } == true,
      "\(String(describing: found)), wanted \(wanted)", sourceLocation: location)
  }
}

/// What the command prints as JSON.
private struct Printed: Decodable {
  struct Step: Decodable {
    var compute_ms: Double
    var memory_ms: Double
    var communication_ms: Double
    var launch_ms: Double

    /// The name of the largest part.
    var bound: String {
      let parts = [
        ("compute", compute_ms), ("memory", memory_ms), ("communication", communication_ms),
        ("latency", launch_ms),
      ]
      return parts.max { $0.1 < $1.1 }?.0 ?? ""
    }
  }

  struct Memory: Decodable {
    var weights_bytes: Double
    var cache_bytes: Double
    var activations_bytes: Double
    var fits: Bool
  }

  var ttft_ms: Double
  var tpot_ms: Double
  var prefill: Step
  var decode: Step
  var memory: Memory
  var energy_joules: Double?

  init(_ report: EstimateReport) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(EstimateFile.json(report).utf8))
  }
}
