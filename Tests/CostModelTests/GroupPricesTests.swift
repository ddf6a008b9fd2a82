import Analytical
import Operators
import Testing

@testable import CostModel

/// Steps of ranks that share experts, against figures by hand.
@Suite struct GroupPricesTests {
  private let device: Device = {
    var device = Device(
      name: "toy", peakFlops: [.bfloat16: 1e12], memoryBandwidth: 1e11, memoryBytes: 1e10,
      source: "made up")
    device.link = Device.Link(name: "link", bandwidth: 1e10, latency: 0, devices: 64)
    return device
  }()

  /// Three layers of sixteen experts, of which each token passes two.
  private let architecture = ModelArchitecture(
    name: "toy", hiddenSize: 64, vocabularySize: 1000,
    layerGroups: [
      LayerGroup(
        count: 3, mixer: .attention(Attention(heads: 8, kvHeads: 8, headDim: 8)),
        feedForward: .experts(ExpertNetwork(experts: 16, perToken: 2, width: 128)))
    ])

  private func model(_ layout: Parallelism, graphs: [Int] = []) -> StepModel {
    StepModel(
      architecture, Precision(.bfloat16), layout, on: CostModel(analytical: device),
      maximumTokens: 256,
      maximumSequences: 64
    ).padded(to: graphs)
  }

  private func shape(
    _ tokens: Int, all: Int = 0, fullest: Int = 0, decodes: Int = 0
  ) -> StepShape {
    var shape = StepShape()
    if tokens > 0 { shape.addPrefill(tokens: tokens, past: 30, samples: true) }
    for _ in 0..<decodes { shape.addDecode(context: 90) }
    (shape.groupTokens, shape.fullestTokens) = (all, fullest)
    return shape
  }

  static let layouts = [
    Parallelism(tensor: 1, expert: 4, data: 4), Parallelism(tensor: 2, expert: 8, data: 4),
    Parallelism(tensor: 2, expert: 4, data: 4), Parallelism(tensor: 4, expert: 2, data: 2),
  ]

  /// Nanoseconds of one layer's experts on one device, for the tokens of all ranks.
  private func experts(_ tokens: Double, _ layout: Parallelism) -> Double {
    let ways = Double(layout.expert)
    let width = 128 / Double(layout.tensor * layout.data / layout.expert)
    var missed = 1.0
    for _ in 0..<Int(tokens) { missed *= 1 - 2.0 / 16 }
    let visits = tokens * 2 / ways
    let weights = 16 * (1 - missed) / ways * 3 * 64 * width * 2
    let bytes = weights + 2 * visits * (2 * 64 + 3 * width)
    return max(2 * 3 * 64 * width * visits / 1e12, bytes / 1e11) * 1e9
  }

  /// Nanoseconds of one of the two exchanges of a layer: each device sends its part of the fullest rank's
  /// tokens to each of their experts, all but what stays with it.
  private func exchange(_ tokens: Double, _ layout: Parallelism) -> Double {
    let devices = Double(layout.expert) / Double(layout.data)
    let sent = tokens * 2 * 64 * 2 / devices
    return sent * Double(layout.expert - 1) / Double(layout.expert) / 1e10 * 1e9
  }

  @Test(arguments: layouts)
  func `Experts serve the tokens of all ranks, and exchanges wait for the fullest`(
    layout: Parallelism
  ) {
    let model = model(layout)
    for (tokens, all, fullest) in [(5, 40, 17), (20, 23, 20), (1, 900, 250), (7, 10, 7)] {
      let (one, two) = (shape(tokens), shape(tokens, all: all, fullest: fullest))
      let even = tokens * layout.data
      let more =
        3 * (experts(Double(all), layout) - experts(Double(even), layout))
        + 6 * (exchange(Double(fullest), layout) - exchange(Double(tokens), layout))
      let found = model.price(two).total - model.price(one).total
      #expect(abs(found - more) < 1e-6 * model.price(two).total, "\(layout) \(tokens) \(all)")
      let exchanged = model.price(two).collectiveTime - model.price(one).collectiveTime
      #expect(
        abs(exchanged - 6 * (exchange(Double(fullest), layout) - exchange(Double(tokens), layout)))
          < 1e-6 * model.price(two).total)
    }
  }

  @Test(arguments: layouts + [.single, Parallelism(tensor: 4, expert: 4)])
  func `A price is the sum of what a step's operators take, and knows equal peers`(
    layout: Parallelism
  ) {
    let model = model(layout)
    for shape in [shape(9, decodes: 4), shape(0, all: 70, fullest: 30, decodes: 3)] {
      let sum = model.shares(of: shape).reduce(0) {
        $0 + Double($1.count) * $1.prediction.nanoseconds
      }
      #expect(abs(model.price(shape).total / sum - 1) < 1e-9)
    }
    var told = shape(9, decodes: 4)
    (told.groupTokens, told.fullestTokens) = (13 * layout.data, 13)
    #expect(model.price(told) == model.price(shape(9, decodes: 4)))
  }

  @Test(arguments: layouts.prefix(2))
  func `Ranks run the graph that the fullest needs, or none`(layout: Parallelism) {
    let (exact, padded) = (model(layout), model(layout, graphs: [4, 16]))
    // Whoever has how many, the fullest has five, so that all compute sixteen.
    let whole = padded.price(shape(3, all: 9, fullest: 5))
    #expect(padded.price(shape(3, all: 20, fullest: 16)) == whole)
    #expect(whole.total > exact.price(shape(3, all: 9, fullest: 5)).total)
    let all = 16 * layout.data
    let full = shape(16, all: all, fullest: 16)
    #expect(abs(padded.price(full).total / exact.price(full).total - 1) < 1e-12)
    for fullest in [17, 200] {
      let eager = shape(3, all: 30 + fullest, fullest: fullest)
      #expect(padded.price(eager) == exact.price(eager))
    }
  }

  @Test(arguments: layouts, [[], [8, 64]])
  func `No step beside any peers takes less than the floor says`(
    layout: Parallelism, graphs: [Int]
  ) {
    let model = model(layout, graphs: graphs)
    let floor = model.floor(tokens: 320, sequences: 64)
    var random = RandomStream(seed: 3, name: "\(layout)")
    func draw(_ most: Int) -> Int { Int(random.next() % UInt64(most)) }
    for _ in 0..<300 {
      let tokens = 1 + draw(300)
      let fullest = tokens + (draw(2) == 0 ? 0 : draw(100))
      let others = layout.data - 1
      let all = tokens + others + draw(others * (fullest - 1) + 1)
      let price = model.price(shape(tokens, all: all, fullest: fullest)).total
      for line in floor.latency {
        #expect(line.perStep + line.perToken * Double(tokens) <= price)
      }
      #expect(floor.shortest <= price)
    }
  }

  /// Nothing is lost or done twice: devices together do the same products, however experts are dealt out.
  @Test func `The work of experts over all ranks is the same for every number of groups`() throws {
    let (tensor, data) = (4, 2)
    let shapes = [shape(11, all: 40, fullest: 29), shape(29, all: 40, fullest: 29)]
    var sums: [Double] = []
    for expert in [1, 2, 4, 8] {
      let layout = Parallelism(tensor: tensor, expert: expert, data: expert > 1 ? data : 1)
      let use = try #require(
        architecture.forwardPass(Precision(.bfloat16), layout).first { $0.role == "experts" })
      sums.append(
        try shapes.reduce(0) { try $0 + Double(tensor) * #require(use.work(in: $1)).flops })
    }
    // Two products of 64 × 128 values and a third, for two experts of each of forty tokens.
    #expect(sums.allSatisfy { abs($0 - 2 * 3 * 64 * 128 * 2 * 40) < 1e-6 }, "\(sums)")
  }
}
