public import Analytical
public import Operators
public import TraceIO

/// How strictly a trace is imported, and within which bounds.
public struct ImportOptions: Sendable {
  /// The share of records that may be bad before the import fails; 0.01 unless set.
  public var maximumBadShare: Double
  /// The number of bad records that is always tolerated; 10 unless set.
  public var toleratedBadRecords: Int
  /// Whether a trace that ends early is refused instead of salvaged; false unless set.
  public var isStrict: Bool
  /// The longest duration of one event that is believed; one hour unless set.
  public var maximumDuration: Int64
  /// The most events kept in memory; 20 million unless set.
  public var maximumEvents: Int
  /// How much the input may expand.
  public var inputLimits: InputLimits
  /// The format, where the content is not asked for it: standard input can be read only once.
  public var format: TraceFormat?
  /// The model that ran, for sources that name its layers only.
  public var model: ModelArchitecture?
  /// The rules that classify kernels by name; the built-in ones unless set.
  public var kernelNames = KernelNameTable.builtIn
  /// The PyTorch execution trace whose shapes a Kineto trace of the same run takes.
  public var shapes: String?
  /// The devices that shared each layer of the model; 1 unless set.
  public var tensorParallel = 1
  /// Traces of graph captures, or lists of them, that give kernels of graphs their operators back.
  public var captures: [String] = []
  /// The type of weights and activations, for tables that do not give it.
  public var dataType: DataType?
  /// The collective that was measured, for output of nccl-tests that does not name it.
  public var collective: OperatorKind?
  /// What the columns of a table mean, for a table of the user's own.
  public var mapping: TableMapping?

  /// Creates options.
  public init(
    maximumBadShare: Double = 0.01, toleratedBadRecords: Int = 10, isStrict: Bool = false,
    maximumDuration: Int64 = 3_600_000_000_000, maximumEvents: Int = 20_000_000,
    inputLimits: InputLimits = .standard
  ) {
    self.maximumBadShare = maximumBadShare
    self.toleratedBadRecords = toleratedBadRecords
    self.isStrict = isStrict
    self.maximumDuration = maximumDuration
    self.maximumEvents = min(max(1, maximumEvents), Int(Int32.max) - 1)
    self.inputLimits = inputLimits
  }

  /// The options that hold unless the user sets others.
  public static let standard = ImportOptions()

  /// Fails if there are more bad records than tolerated.
  func check(_ coverage: Coverage, path: String) throws(ProfilerTraceError) {
    let bad = coverage.rejectedRecords
    guard bad > toleratedBadRecords, bad > 0 else { return }
    let share = Double(bad) / Double(max(1, coverage.recordsRead))
    let worst = RejectionReason.allCases.filter(\.isFault).max {
      coverage.rejected($0) < coverage.rejected($1)
    }
    guard share > maximumBadShare, let worst else { return }
    throw .tooManyBadRecords(path: path, bad: bad, read: coverage.recordsRead, worst: worst)
  }
}
