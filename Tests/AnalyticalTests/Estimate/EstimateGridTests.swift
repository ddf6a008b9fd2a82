import Operators
import Testing

@testable import Analytical

@Suite("Grids of estimates")
struct EstimateGridTests {
  private func grid() throws -> EstimateGrid {
    try EstimateGrid(
      .init(
        models: ["Llama-3.1-8B", "Mixtral-8x7B-v0.1"].map {
          try #require(ModelArchitecture.builtIn(named: $0))
        },
        platforms: ["l40s-8-pcie", "xeon-2s", "dgx-h100"].map {
          try #require(Platform.builtIn(named: $0))
        },
        types: [.bfloat16, .float8], devices: [1, 3, 4], batches: [1, 64], inputs: [100, 5000],
        outputs: [2, 300]))
  }

  @Test("hold at each place what an estimate of it says, and nothing where it does not fit")
  func values() throws {
    let grid = try grid()
    let axes = grid.axes
    var placements = grid.placements.makeIterator()
    var (fitting, unfitting) = (0, 0)
    for model in axes.models {
      for type in axes.types {
        for devices in axes.devices {
          let next = placements.next()
          let placement = try #require(next)
          let layout = Parallelism(tensor: devices)
          #expect(placement.fault == model.fault(in: layout))
          guard placement.fault == nil else {
            #expect(placement.deployments.isEmpty)
            continue
          }
          for (platform, deployment) in zip(axes.platforms, placement.deployments) {
            let estimator = RequestEstimator(
              try StepEstimator(model, Precision(serving: type), layout, on: platform))
            var place = 0
            for batch in axes.batches {
              for input in axes.inputs {
                for output in axes.outputs {
                  let estimate = try estimator.estimate(
                    Workload(batch: batch, inputTokens: input, outputTokens: output))
                  let further = deployment.outputTokens[place]
                  #expect(placement.weights == estimate.memory.weights)
                  #expect(placement.caches[place] == estimate.memory.cache)
                  #expect(placement.activations[place / 2] == estimate.memory.activations)
                  if estimate.memory.fits, devices <= platform.devices {
                    fitting += 1
                    #expect(further?.nanoseconds == estimate.timePerOutputToken)
                    #expect(deployment.tokenEnergies[place] == estimate.energyPerToken)
                    #expect(
                      deployment.firstTokens[place / 2]?.nanoseconds == estimate.timeToFirstToken)
                  } else {
                    unfitting += 1
                    #expect(further == nil)
                    #expect(deployment.tokenEnergies[place] == nil)
                  }
                  place += 1
                }
              }
            }
            #expect(deployment.outputTokens.count == place)
          }
        }
      }
    }
    #expect(grid.placements.count == 12)
    #expect(fitting > 50 && unfitting > 20)
  }

  @Test("say what takes most of a step")
  func bounds() throws {
    var step = StepEstimate()
    for (bound, part) in [
      (OperatorEstimate.Bound.compute, \StepEstimate.compute), (.memory, \.memory),
      (.communication, \.communication), (.latency, \.latency),
    ] {
      step[keyPath: part] += 1 + step.time
      #expect(step.bound == bound)
    }
  }

  @Test("are refused where a size makes no sense")
  func refused() throws {
    var axes = try grid().axes
    axes.batches = [0]
    #expect(throws: AnalyticalError.self) { try EstimateGrid(axes) }
  }
}
