import Operators
import Testing

@testable import Analytical

/// The search against one that tries every way of everything.
@Suite struct PlanSearchTests {
  private static let names = ["Llama-3.1-8B", "Mixtral-8x7B-v0.1"]

  private func search(_ name: String) throws -> PlanSearch {
    PlanSearch(
      model: try model(name), platform: try #require(Platform.builtIn(named: "dgx-h100")))
  }

  private let workload = Workload(batch: 64, inputTokens: 512, outputTokens: 128)

  /// Ways of which the product is the number of devices, experts' ways among all devices of a stage.
  private func layouts(_ devices: Int, heads: Int, layers: Int, experts: Int?, batch: Int)
    -> Set<Parallelism>
  {
    var found: Set<Parallelism> = []
    for tensor in 1...devices where devices % tensor == 0 && heads % tensor == 0 {
      for pipeline in 1...devices where devices % (tensor * pipeline) == 0 {
        if pipeline > layers { continue }
        for data in 1...devices where devices % (tensor * pipeline * data) == 0 {
          if data > batch { continue }
          for sequence in 1...devices where tensor * pipeline * data * sequence == devices {
            for expert in 1...devices {
              let stage = tensor * data * sequence
              if expert > 1 {
                guard let experts, experts % expert == 0, stage % expert == 0 else { continue }
                // Each group holds a whole number of the ways, and parts of a sequence all.
                guard expert % data == 0, sequence == 1 else { continue }
              }
              found.insert(
                Parallelism(
                  tensor: tensor, pipeline: pipeline, expert: expert, data: data,
                  sequence: sequence))
            }
          }
        }
      }
    }
    return found
  }

  private func bruteForce(_ search: PlanSearch, _ devices: Int, _ workload: Workload) throws
    -> [Plan]
  {
    var experts: Int?
    if case .experts(let network) = search.model.layerGroups[0].feedForward {
      experts = network.experts
    }
    let ways = layouts(
      devices, heads: search.model.heads, layers: search.model.layers, experts: experts,
      batch: workload.batch)
    var plans: [Plan] = []
    for layout in ways {
      let steps = try StepEstimator(
        search.model, search.precision, layout, on: search.platform, search.efficiencies)
      let estimate = try RequestEstimator(steps).estimate(workload)
      let limits = search.serviceLevel
      guard estimate.memory.total <= search.platform.device.memoryBytes,
        estimate.timeToFirstToken <= limits.timeToFirstToken ?? .infinity,
        estimate.timePerOutputToken <= limits.timePerOutputToken ?? .infinity
      else { continue }
      plans.append(Plan(layout: layout, estimate: estimate))
    }
    return plans
  }

  /// What the objective wants little of: each is a time, as all plans serve the same requests.
  private func badness(_ plan: Plan, _ objective: PlanSearch.Objective) -> Double {
    let seconds = plan.estimate.endToEnd / 1e9
    return switch objective {
    case .throughput, .latency: seconds
    case .cost: 6.88 / 3600 * seconds * Double(plan.layout.devices)
    }
  }

  @Test func `One request may pass a pipeline, where heads leave nothing else`() throws {
    let platform = try #require(Platform.builtIn(named: "dgx-h100"))
    let search = try PlanSearch(model: model("Qwen2.5-7B"), platform: platform)
    let plans = try search.plans(
      devices: 8, Workload(batch: 1, inputTokens: 500, outputTokens: 50))
    // 28 heads are not shared by 8 devices.
    #expect(plans.contains { $0.layout == Parallelism(tensor: 4, pipeline: 2) })
    #expect(plans.allSatisfy { $0.layout.tensor < 8 && $0.layout.data == 1 })
  }

  @Test(arguments: names, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 64])
  func `Plans are those of a search through every way, the best first`(name: String, devices: Int)
    throws
  {
    var search = try search(name)
    for objective in PlanSearch.Objective.allCases {
      search.objective = objective
      // Six requests leave groups and stages without work.
      var workload = workload
      if objective == .latency { workload.batch = 6 }
      let found = try search.plans(devices: devices, workload)
      let wanted = try bruteForce(search, devices, workload)
      #expect(Set(found.map(\.layout)) == Set(wanted.map(\.layout)))
      #expect(found.count == wanted.count)
      #expect(Set(found) == Set(wanted))
      let order = found.map { badness($0, objective) }
      for (earlier, later) in zip(order, order.dropFirst()) {
        #expect(earlier <= later * (1 + 1e-12))
      }
      if let best = wanted.map({ badness($0, objective) }).min() { expectClose(order[0], best) }
    }
  }

  @Test(arguments: names) func `Tensor-parallel devices times stages are among the plans`(
    name: String
  ) throws {
    let plans = try search(name).plans(devices: 16, workload).map(\.layout)
    for tensor in [1, 2, 4, 8, 16] {
      #expect(plans.contains(Parallelism(tensor: tensor, pipeline: 16 / tensor)))
    }
  }

  @Test(arguments: names) func `A service level leaves out what misses it, and nothing else`(
    name: String
  ) throws {
    var search = try search(name)
    let all = try search.plans(devices: 8, workload)
    let first = all.map(\.estimate.timeToFirstToken).sorted()[all.count / 2]
    let next = all.map(\.estimate.timePerOutputToken).sorted()[all.count / 2]
    search.serviceLevel.timeToFirstToken = first
    search.serviceLevel.timePerOutputToken = next
    let some = try search.plans(devices: 8, workload)
    #expect(!some.isEmpty && some.count < all.count)
    #expect(
      some
        == all.filter {
          $0.estimate.timeToFirstToken <= first && $0.estimate.timePerOutputToken <= next
        })
    search.serviceLevel.timePerOutputToken = 0
    #expect(try search.plans(devices: 8, workload).isEmpty)
  }

  @Test(arguments: [
    ("Llama-3.1-8B", 64, 1), ("Mixtral-8x7B-v0.1", 64, 2), ("Llama-3.1-70B", 64, 3),
    ("Llama-3.1-8B", 1024, 3),
  ])
  func `The smallest plan is on fewer devices than any other`(
    name: String, batch: Int, atLeast: Int
  ) throws {
    let search = try search(name)
    let workload = Workload(batch: batch, inputTokens: 1024, outputTokens: 256)
    let found = try #require(try search.smallest(workload, upTo: 16))
    #expect(found.layout.devices >= atLeast, "\(found.layout)")
    #expect(found == (try search.plans(devices: found.layout.devices, workload).first))
    for devices in 1..<found.layout.devices {
      #expect(try bruteForce(search, devices, workload).isEmpty)
      #expect(try search.smallest(workload, upTo: devices) == nil)
    }
  }

  @Test func `Searches that make no sense are refused`() throws {
    let search = try search("Llama-3.1-8B")
    for devices in [0, -1, .min, .max, 4097] {
      #expect(throws: AnalyticalError.self) { _ = try search.plans(devices: devices, workload) }
    }
    let nothing = Workload(batch: 0, inputTokens: 1, outputTokens: 1)
    #expect(throws: AnalyticalError.self) { _ = try search.plans(devices: 1, nothing) }
    #expect(throws: AnalyticalError.self) { _ = try search.smallest(nothing, upTo: 0) }
  }

  /// Plans of a search, and such of random times on a small grid, so that there are equals.
  private func candidates() throws -> [[Plan]] {
    let real = try search("Mixtral-8x7B-v0.1").plans(devices: 16, workload)
    var random = SplitMix64(seed: 3)
    let some = try #require(real.first)
    return [real, [], [some]]
      + (0..<50).map { _ in
        (0..<Int.random(in: 1...40, using: &random)).map { _ in
          var plan = some
          plan.estimate.timePerOutputToken = Double(Int.random(in: 1...9, using: &random))
          // Throughput follows from the two times.
          plan.estimate.timeToFirstToken = Double(Int.random(in: 1...9, using: &random)) * 500
          return plan
        }
      }
  }

  @Test func `The front holds what no other plan beats, by rising time`() throws {
    for plans in try candidates() {
      let front = PlanSearch.front(of: plans)
      func figures(_ plan: Plan) -> [Double] {
        [plan.estimate.timePerOutputToken, plan.estimate.throughput]
      }
      let wanted = plans.filter { plan in
        !plans.contains { other in
          other.estimate.timePerOutputToken <= plan.estimate.timePerOutputToken
            && other.estimate.throughput >= plan.estimate.throughput
            && figures(other) != figures(plan)
        }
      }
      // Of equals one stands for all.
      #expect(Set(front.map(figures)) == Set(wanted.map(figures)))
      #expect(front.count == Set(wanted.map(figures)).count)
      for (earlier, later) in zip(front, front.dropFirst()) {
        #expect(earlier.estimate.timePerOutputToken < later.estimate.timePerOutputToken)
        #expect(earlier.estimate.throughput < later.estimate.throughput)
      }
    }
  }

  @Test func `Throughput is told for each device too`() throws {
    let plan = try #require(try search("Llama-3.1-8B").plans(devices: 4, workload).first)
    expectClose(plan.throughputPerDevice * 4, plan.estimate.throughput)
  }
}
