import Analytical
import Operators

/// A grid of estimates as the page's script reads it: names and sizes as JSON, figures packed
/// (``PackedNumbers``), row by row in the order of the grid.
struct EstimatePageData: Encodable {
  struct Model: Encodable {
    var name: String
    /// The option of a command that means it.
    var argument: String
    /// Tokens that its positions were made for.
    var positions: Int
  }

  struct Platform: Encodable {
    var name: String
    var argument: String
    var device: String
    /// Devices that it joins.
    var devices: Int
    /// GiB of a device.
    var memory: Double
    /// US dollars a device and hour, if known.
    var price: Double?
    /// Types of the page that its devices have no units for.
    var lacks: [String]
  }

  struct UseCase: Encodable {
    var name: String
    var input: Int
    var output: Int
    /// Limits in milliseconds.
    var ttft: Double?
    var tpot: Double?
  }

  var models: [Model]
  var platforms: [Platform]
  var types: [String]
  var devices: [Int]
  var batches: [Int]
  var inputs: [Int]
  var outputs: [Int]
  var useCases: [UseCase]
  /// What a mark on a time means: what takes most of the step.
  let bounds = Self.bounds.map(\.rawValue)
  /// By model, type and number of devices: why it cannot be laid out so, or nothing.
  var faults: [String] = []
  /// GiB on the fullest device: of weights, one a placement.
  var weights = PackedNumbers()
  /// Of intermediate results, by batch and input.
  var activations: [PackedNumbers] = []
  /// Of keys and values, by batch, input and output.
  var caches: [PackedNumbers] = []
  /// Milliseconds by placement and platform: to the first token, by batch and input.
  var ttft: [PackedNumbers] = []
  /// Milliseconds of each further token, by batch, input and output.
  var tpot: [PackedNumbers] = []
  /// Joules of a generated token, as `tpot`.
  var energy: [PackedNumbers] = []

  static let bounds: [OperatorEstimate.Bound] = [.compute, .memory, .communication, .latency]

  init(_ grid: EstimateGrid, _ subjects: ComparedSubjects) {
    let axes = grid.axes
    models = axes.models.enumerated().map { index, model in
      Model(
        name: model.name, argument: subjects.models[index].argument,
        positions: model.maximumPositions)
    }
    platforms = axes.platforms.enumerated().map { index, platform in
      let device = platform.device
      return Platform(
        name: platform.name, argument: subjects.platforms[index].argument, device: device.name,
        devices: platform.devices, memory: device.memoryBytes.gibibytes,
        price: device.pricePerHour,
        lacks: axes.types.filter { device.peakFlops[$0] == nil }.map(\.rawValue))
    }
    types = axes.types.map(\.rawValue)
    (devices, batches, inputs, outputs) = (axes.devices, axes.batches, axes.inputs, axes.outputs)
    useCases = subjects.useCases.map { useCase in
      UseCase(
        name: useCase.name, input: useCase.inputTokens, output: useCase.outputTokens,
        ttft: useCase.serviceLevel.timeToFirstToken.map { $0 / 1e6 },
        tpot: useCase.serviceLevel.timePerOutputToken.map { $0 / 1e6 })
    }
    for placement in grid.placements {
      faults.append(placement.fault ?? "")
      weights.add(placement.weights.gibibytes)
      activations.append(PackedNumbers(placement.activations.map(\.gibibytes)))
      caches.append(PackedNumbers(placement.caches.map(\.gibibytes)))
      // What cannot be laid out has a row on each platform, too, so that rows can be counted.
      for platform in axes.platforms.indices {
        let times = placement.deployments.isEmpty ? nil : placement.deployments[platform]
        ttft.append(Self.packed(times?.firstTokens ?? []))
        tpot.append(Self.packed(times?.outputTokens ?? []))
        energy.append(PackedNumbers(times?.tokenEnergies ?? []))
      }
    }
  }

  private static func packed(_ times: [EstimateGrid.Time?]) -> PackedNumbers {
    var numbers = PackedNumbers()
    for time in times {
      numbers.add(
        time.map { $0.nanoseconds / 1e6 },
        mark: time.flatMap { bounds.firstIndex(of: $0.bound) } ?? 0)
    }
    return numbers
  }
}

extension PackedNumbers: Encodable {
  func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(text)
  }
}
