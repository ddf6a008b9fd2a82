public import Operators
public import TraceIO

/// What a reader made of one source: samples, where they come from, and what was left out.
public struct ImportedTrace: Sendable {
  /// The format that was read.
  public var format: TraceFormat
  /// The name to keep for the source: the path that the user gave.
  public var path = ""
  /// Which part of the input this is, where one table holds several devices or models, else empty.
  public var part = ""
  /// What the reading depended on besides the bytes, such as the model's name.
  public var arguments = ""
  /// The files that were read, with their digests.
  public var inputs: [InputSummary]
  /// The device's name as the source gives it, if it does.
  public var deviceName: String?
  /// The software that ran, as far as the source says.
  public var runtime = RuntimeDescription()
  /// Other facts by name, such as `cuda_runtime_version` or `licence`; a reader keeps a fixed list of
  /// names, since traces also hold private facts.
  public var facts: [String: String] = [:]
  /// The measured points.
  public var samples: [OperatorSample] = []
  /// The operators as the profiler names them, each with its kernels; parallel to ``samples``
  /// where the source has them, else empty.
  public var groups: [OperatorGroup] = []
  /// The engine steps that the source measured, in its order.
  public var measuredSteps: [MeasuredStep] = []
  /// The annotated steps of the engine, by start.
  public var steps: [StepAnnotation] = []
  /// The calls of collectives, one by one, for comparing ranks.
  var collectives = CollectiveCalls()
  /// What became of the records.
  public var coverage = Coverage()

  /// Creates the result of reading nothing.
  public init(format: TraceFormat, inputs: [InputSummary] = []) {
    self.format = format
    self.inputs = inputs
  }
}

extension ImportedTrace {
  /// Adds groups, each with its sample.
  mutating func add(_ results: [(group: OperatorGroup, sample: OperatorSample)]) {
    for result in results {
      groups.append(result.group)
      samples.append(result.sample)
    }
  }
}

/// The software that ran, as far as a source says.
public struct RuntimeDescription: Hashable, Sendable {
  /// The framework, such as `PyTorch` or `vLLM`.
  public var framework: String?
  /// The framework's version.
  public var version: String?

  /// Creates a description.
  public init(framework: String? = nil, version: String? = nil) {
    self.framework = framework
    self.version = version
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
  /// What its name tells.
  public var identity = KernelIdentity.unknown
  /// The first of its launches, at most ``mostEvents``, in the source's order.
  public var events: [KernelEvent] = []

  /// Creates the launches of one kernel.
  public init(
    name: String, count: Int, total: Int64, identity: KernelIdentity = .unknown,
    events: [KernelEvent] = []
  ) {
    self.name = name
    self.count = count
    self.total = total
    self.identity = identity
    self.events = events
  }

  /// The most launches that are kept one by one.
  public static let mostEvents = 256
}

/// One launch of a kernel, and where the source holds it.
public struct KernelEvent: Hashable, Sendable {
  /// Where the source holds it.
  public var place: SourcePlace
  /// Its duration in nanoseconds.
  public var duration: Int64

  /// Creates a launch.
  public init(place: SourcePlace, duration: Int64) {
    self.place = place
    self.duration = duration
  }
}

/// A place in a source: bytes of its text, or a row of its table.
public struct SourcePlace: Hashable, Sendable {
  /// The first byte of the (decompressed) text, or the number of the row; -1 where unknown.
  public var offset: Int64
  /// The number of bytes; 0 for a row.
  public var length: Int32

  /// Creates a place.
  public init(offset: Int64, length: Int32 = 0) {
    self.offset = offset
    self.length = length
  }

  /// A place that the reader does not know.
  public static let unknown = SourcePlace(offset: -1)
}
