import Analytical
import Operators
import Testing

@Suite struct ParallelismTests {
  @Test func `A layout's devices are the product of its ways, experts' aside`() {
    let layout = Parallelism(tensor: 2, pipeline: 3, expert: 10, data: 5, sequence: 7)
    #expect(layout.devices == 2 * 3 * 5 * 7)
    #expect(Parallelism.single.devices == 1 && Parallelism.single.description == "TP 1")
    #expect(layout.description == "TP 2 × PP 3 × EP 10 × DP 5 × SP 7")
    #expect(Parallelism(data: 4).description == "DP 4")
  }

  /// Experts lie on all devices of a stage: ways and the devices that share a width are all of them.
  @Test(arguments: [
    (Parallelism(tensor: 8), 8), (Parallelism(tensor: 8, expert: 8), 1),
    (Parallelism(tensor: 8, expert: 2), 4), (Parallelism(tensor: 2, expert: 8, data: 4), 1),
    (Parallelism(tensor: 4, expert: 8, data: 4), 2),
    (Parallelism(tensor: 4, data: 4), 4),
  ])
  func `Devices that an expert's ways leave over share its width`(layout: Parallelism, left: Int) {
    #expect(layout.expertTensor == left)
  }

  @Test(arguments: [
    ("Llama-3.1-8B", Parallelism(tensor: 3), "3 devices cannot share 32 heads evenly"),
    ("Llama-3.1-8B", Parallelism(tensor: 64), "64 devices cannot share 32 heads evenly"),
    ("Llama-3.1-8B", Parallelism(pipeline: 33), "32 layers cannot fill 33 pipeline stages"),
    ("Llama-3.1-8B", Parallelism(tensor: 2, expert: 2), "has no experts to deal out"),
    ("Llama-3.1-8B", Parallelism(tensor: 0), "from 1 to 65536"),
    ("Llama-3.1-8B", Parallelism(data: -4), "from 1 to 65536"),
    ("Llama-3.1-8B", Parallelism(sequence: .max), "from 1 to 65536"),
    ("Mixtral-8x7B-v0.1", Parallelism(tensor: 16, expert: 16), "8 experts cannot be dealt out"),
    ("Mixtral-8x7B-v0.1", Parallelism(tensor: 2, expert: 4), "cannot deal experts out in 4 ways"),
    ("Mixtral-8x7B-v0.1", Parallelism(expert: 2, data: 4), "cannot deal experts out in 2 ways"),
    ("Mixtral-8x7B-v0.1", Parallelism(tensor: 4, expert: 4, sequence: 2), "parts of a sequence"),
    ("Mixtral-8x7B-v0.1", Parallelism(tensor: 8, expert: 3), "cannot deal experts out in 3 ways"),
  ])
  func `A layout on which a model cannot lie says why`(
    name: String, layout: Parallelism, reason: String
  ) throws {
    let model = try model(name)
    #expect(model.fault(in: layout)?.contains(reason) == true, "\(model.fault(in: layout) ?? "")")
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    #expect(throws: AnalyticalError.self) {
      _ = try StepEstimator(model, Precision(.bfloat16), layout, on: Platform(device))
    }
  }

  @Test(arguments: [
    ("Llama-3.1-8B", Parallelism(tensor: 32, pipeline: 32, data: 65_536, sequence: 65_536)),
    ("Mixtral-8x7B-v0.1", Parallelism(tensor: 2, expert: 8, data: 4)),
    ("mamba-2.8b-hf", Parallelism(tensor: 65_536, pipeline: 64, data: 65_536, sequence: 65_536)),
  ])
  func `The largest layouts overflow nothing`(name: String, layout: Parallelism) throws {
    let model = try model(name)
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    #expect(layout.devices > 0)
    let steps = try StepEstimator(model, Precision(.bfloat16), layout, on: Platform(device))
    var shape = StepShape()
    shape.addPrefill(tokens: 1 << 20, past: 1 << 20, samples: true)
    shape.addDecode(context: 1 << 24)
    #expect(steps.estimate(shape).time.isFinite)
    let estimate = try RequestEstimator(steps).estimate(
      Workload(batch: 1 << 10, inputTokens: 1 << 20, outputTokens: 1 << 10))
    #expect(estimate.endToEnd.isFinite && estimate.memory.total.isFinite)
    #expect(estimate.energy?.isFinite == true && estimate.cost?.isFinite == true)
  }
}
