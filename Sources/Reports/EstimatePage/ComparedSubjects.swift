public import Analytical
public import Operators

/// What a page of estimates compares: models, platforms, types, sizes and use cases.
public struct ComparedSubjects: Sendable {
  /// A model or a platform.
  public struct Named<Value: Sendable>: Sendable {
    /// It.
    public var value: Value
    /// The option of `reprise estimate` that means it, such as `--platform dgx-h100`.
    public var argument: String

    /// Creates a name for a value.
    public init(_ value: Value, argument: String) {
      self.value = value
      self.argument = argument
    }
  }

  /// The models; what needs no script is of the first.
  public var models: [Named<ModelArchitecture>]
  /// What they run on.
  public var platforms: [Named<Platform>]
  /// Types of weights and products; the first is what needs no script.
  public var types: [DataType] = [.bfloat16, .float8]
  /// Numbers of devices.
  public var devices = [1, 2, 4, 8, 16]
  /// Requests at once.
  public var batches = [1, 2, 4, 8, 16, 32, 64, 128, 256]
  /// Use cases, whose lengths are combined with each other's.
  public var useCases = UseCase.builtIns
  /// Other lengths of prompts.
  public var inputs: [Int] = []
  /// Other lengths of answers.
  public var outputs: [Int] = []

  /// Creates a comparison of models on platforms, at the usual sizes.
  public init(models: [Named<ModelArchitecture>], platforms: [Named<Platform>]) {
    self.models = models
    self.platforms = platforms
  }

  /// The models that are compared where none are named: the sizes that people ask for, the first first.
  public static let usualModels = [
    "Llama-3.1-70B", "Llama-3.1-8B", "Llama-3.1-405B", "Llama-4-Maverick-17B-128E", "Qwen3-8B",
    "Qwen3-32B", "Qwen3-30B-A3B", "Qwen3-235B-A22B", "Mixtral-8x7B-v0.1", "gemma-3-27b-pt",
    "gpt-oss-20b", "gpt-oss-120b", "DeepSeek-V3",
  ]

  /// The platforms that are compared where none are named.
  public static let usualPlatforms = [
    "dgx-a100", "dgx-h100", "dgx-h200", "dgx-b200", "gb200-nvl72", "l40s-8-pcie", "mi300x-8",
    "mi355x-8", "gaudi3-8", "tpu-v6e-pod",
  ]

  /// All sizes in rising order, each once.
  public var axes: EstimateGrid.Axes {
    func rising(_ sizes: [Int]) -> [Int] { Set(sizes).sorted() }
    return EstimateGrid.Axes(
      models: models.map(\.value), platforms: platforms.map(\.value), types: types,
      devices: rising(devices), batches: rising(batches),
      inputs: rising(inputs + useCases.map(\.inputTokens)),
      outputs: rising(outputs + useCases.map(\.outputTokens)))
  }
}
