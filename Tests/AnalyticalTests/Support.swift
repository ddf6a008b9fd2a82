import Analytical
import Operators
import Testing

extension SplitMix64 {
  /// A number whose magnitude is even, not its value: small ones come as often as large ones.
  mutating func size(upTo largest: Int) -> Int {
    let bits = Int.random(in: 0...(Int.bitWidth - largest.leadingZeroBitCount), using: &self)
    return min(largest, max(1, Int.random(in: 0...(1 << bits), using: &self)))
  }
}

/// Whether two numbers are the same but for rounding.
func isClose(_ found: Double, _ wanted: Double, _ tolerance: Double = 1e-9) -> Bool {
  found == wanted || abs(found - wanted) <= tolerance * max(abs(found), abs(wanted))
}

/// Records where a number is not the wanted one.
func expectClose(
  _ found: Double, _ wanted: Double, _ tolerance: Double = 1e-9, _ comment: String = "",
  _ location: SourceLocation = #_sourceLocation
) {
  #expect(
    isClose(found, wanted, tolerance), "\(found), wanted \(wanted) \(comment)",
    sourceLocation: location)
}

/// The built-in model of that name.
func model(_ name: String) throws -> ModelArchitecture {
  try #require(ModelArchitecture.builtIn(named: name), "\(name)")
}

/// Reads a configuration that is written in a test.
func read(_ configuration: String) throws -> ModelArchitecture {
  try ModelArchitecture(configuration: Array(configuration.utf8), name: "c.json")
}

/// What an attempt throws, as a person sees it; nil where it succeeds.
func refusal(_ attempt: () throws -> Void) -> String? {
  do {
    try attempt()
    return nil
  } catch let error as AnalyticalError {
    return "\(error)"
  } catch {
    return "not an AnalyticalError: \(error)"
  }
}

extension StepShape {
  /// A random step of sequences in prefill and in decode, either of which may be none.
  static func random(
    _ random: inout SplitMix64, prefills: Int = 4, decodes: Int = 40, longest: Int = 20_000
  ) -> StepShape {
    var shape = StepShape()
    for _ in 0..<Int.random(in: 0...prefills, using: &random) {
      shape.addPrefill(
        tokens: random.size(upTo: longest), past: random.size(upTo: longest) - 1,
        samples: Bool.random(using: &random))
    }
    for _ in 0..<Int.random(in: 0...decodes, using: &random) {
      shape.addDecode(context: random.size(upTo: longest))
    }
    return shape
  }
}

extension Efficiencies {
  /// Sets at random, so that no figure can stand in for another.
  static func random(_ random: inout SplitMix64) -> Efficiencies {
    var set = Efficiencies()
    func kernel(_ random: inout SplitMix64) -> Kernel {
      Kernel(
        compute: .random(in: 0.1...1, using: &random),
        memory: .random(in: 0.1...1, using: &random),
        latency: .random(in: 0...20_000, using: &random))
    }
    set.product = kernel(&random)
    set.attention = kernel(&random)
    set.other = kernel(&random)
    set.link = .random(in: 0.1...1, using: &random)
    set.collectiveLatency = .random(in: 0...20_000, using: &random)
    set.prefillDispatch = .random(in: 0...50_000, using: &random)
    set.decodeDispatch = .random(in: 0...50_000, using: &random)
    set.overlapsFully = Bool.random(using: &random)
    set.expertImbalance = .random(in: 1...3, using: &random)
    return set
  }
}

extension Platform {
  /// A platform whose devices talk for nothing.
  static func talkingForNothing(_ device: Device) -> Platform {
    Platform(
      name: "free", device: device,
      levels: [Level(name: "free", devices: 1 << 20, bandwidth: 1e30, latency: 0)])
  }
}

/// Layouts on which a model can lie, few enough for every model.
func layouts(of model: ModelArchitecture) -> [Parallelism] {
  [
    Parallelism(), Parallelism(tensor: 2), Parallelism(tensor: 8), Parallelism(pipeline: 4),
    Parallelism(tensor: 4, pipeline: 2, data: 2), Parallelism(tensor: 2, sequence: 4),
    Parallelism(tensor: 4, expert: 4), Parallelism(tensor: 2, expert: 8, data: 4),
    Parallelism(tensor: 4, pipeline: 2, expert: 8, data: 2, sequence: 2),
  ].filter { model.fault(in: $0) == nil }
}

extension FeedForward {
  /// The experts; nil where every token passes everything.
  var experts: ExpertNetwork? {
    if case .experts(let network) = self { network } else { nil }
  }
}
