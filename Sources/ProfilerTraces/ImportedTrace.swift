public import Operators
public import TraceIO

/// What a reader made of one source: samples, where they come from, and what was left out.
public struct ImportedTrace: Sendable {
  /// The format that was read.
  public var format: TraceFormat
  /// The files that were read, with their digests.
  public var inputs: [InputSummary]
  /// The device's name as the source gives it, if it does.
  public var deviceName: String?
  /// The software that ran, as far as the source says.
  public var runtime = RuntimeDescription()
  /// The measured points.
  public var samples: [OperatorSample] = []
  /// The operators as the profiler names them, each with its kernels; parallel to ``samples``
  /// where the source has them, else empty.
  public var groups: [OperatorGroup] = []
  /// The annotated steps of the engine, by start.
  public var steps: [StepAnnotation] = []
  /// What became of the records.
  public var coverage = Coverage()

  /// Creates the result of reading nothing.
  public init(format: TraceFormat, inputs: [InputSummary] = []) {
    self.format = format
    self.inputs = inputs
  }
}

/// The software that ran, as far as a source says.
public struct RuntimeDescription: Hashable, Sendable {
  /// The framework, such as `PyTorch` or `vLLM`.
  public var framework: String?
  /// The framework's version.
  public var version: String?
  /// Other facts by name, such as `cuda_runtime_version`; only known names are kept.
  public var details: [String: String]

  /// Creates a description.
  public init(
    framework: String? = nil, version: String? = nil, details: [String: String] = [:]
  ) {
    self.framework = framework
    self.version = version
    self.details = details
  }
}

/// All calls of one operator with the same arguments, and the kernels they launched.
public struct OperatorGroup: Hashable, Sendable {
  /// The profiler's name, such as `aten::mm`.
  public var name: String
  /// The shapes of the inputs as compact JSON, such as `[[8944,1024],[1024,2816]]`; may be empty.
  public var inputDims: String
  /// The element types of the inputs as compact JSON; may be empty.
  public var inputTypes: String
  /// The strides of the inputs as compact JSON; may be empty.
  public var inputStrides: String
  /// The values of the scalar inputs as compact JSON; may be empty.
  public var concreteInputs: String
  /// The number of calls that launched at least one kernel.
  public var operationCount: Int
  /// The sum of the durations of all kernels, in nanoseconds.
  public var totalKernelTime: Int64
  /// The kernels, longest total first.
  public var kernels: [KernelTotal]
}

/// The launches of one kernel within a group.
public struct KernelTotal: Hashable, Sendable {
  /// The kernel's name.
  public var name: String
  /// The number of launches.
  public var count: Int
  /// The sum of the durations, in nanoseconds.
  public var total: Int64
}
