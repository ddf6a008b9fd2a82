/// How a kernel was given to an operator.
public enum AttributionRule: String, Hashable, Sendable, CaseIterable, Codable {
  /// Correlation to its launch, to the innermost operator around the launch, which has shapes.
  case correlation
  /// As ``correlation``, but the shapes are those of the nearest operator further out.
  case ancestor
  /// As ``correlation``, but no operator around the launch has shapes.
  case withoutShape
  /// Launched as part of a CUDA or HIP graph: the launch tells nothing about the kernel.
  case graph
  /// As part of a graph, by the launch that its node was captured from.
  case graphNode
  /// As part of a graph, by its place in the trace of the graph's capture.
  case graphCapture
  /// The time of the operator on the processor itself; there is no device.
  case cpuOperator
  /// The launch lies outside of the captured window, or there is none: not used.
  case clipped
  /// Launched outside of any operator.
  case noOperator
  /// The trace holds no operator at all: by the kernel's own name.
  case kernelName
  /// A collective's own time: all of its ranks are there, and the last to arrive waited for none.
  case collective
  /// A collective whose other ranks are not there: its time includes waiting for them.
  case collectiveAndWait
  /// What a collective waited for other ranks; whole calls that are not found on all ranks, where
  /// others like them are.
  case collectiveWait
}

/// Why a record was not used.
public enum RejectionReason: String, Hashable, Sendable, CaseIterable, Codable {
  case notAnObject = "not an object"
  case missingName = "no name"
  case badTimestamp = "no valid time stamp"
  case badDuration = "no valid duration"
  case negativeDuration = "negative or no duration"
  case durationTooLong = "duration beyond the limit"
  case beginEndPair = "a begin without its end, or an end without its begin"
  case badValue = "a value that is not a number or out of range"
  case missingField = "a field is missing"
  case unknownLayer = "a layer of unknown kind"
  case syntax = "not valid JSON"
  case tooManyNames = "more distinct names than kept"
  case noDuration = "no duration is given"
  case finalNorm = "the final normalisation, an operator that the layers' rows measure"
  case unknownColumn = "a column of unknown meaning"
  case notCausal = "prefill attention measured without its causal mask"
  case unknownContext = "a step whose context lengths the table does not give"
  case noWork = "a point without work: no bytes, or no keys to attend to"
  case unmatchedRow = "a row that no operator of the mapping selects"
  case wrongResult = "the collective's result was wrong"

  /// Whether something is wrong with the record; a sound one may still have no use.
  var isFault: Bool {
    switch self {
    case .finalNorm, .unknownColumn, .notCausal, .unknownContext, .noDuration, .noWork,
      .unmatchedRow:
      false
    default: true
    }
  }
}

/// A number of kernels, or operator calls on a processor, and their time.
public struct Tally: Hashable, Sendable {
  /// How many.
  public var count: Int
  /// The sum of their durations.
  public var nanoseconds: Int64

  /// Creates a tally.
  public init(count: Int = 0, nanoseconds: Int64 = 0) {
    self.count = count
    self.nanoseconds = nanoseconds
  }

  /// Adds one duration; a sum that does not fit stays at the largest value.
  mutating func add(_ duration: Int64) {
    count += 1
    nanoseconds = nanoseconds.adding(duration)
  }
}

extension Int64 {
  /// The sum with a duration, which stays at the largest value instead of trapping.
  func adding(_ duration: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(duration)
    return overflow ? .max : sum
  }
}

/// What became of a trace's records, so that nothing is lost silently.
public struct Coverage: Hashable, Sendable {
  private var tallies = [Tally](repeating: Tally(), count: AttributionRule.allCases.count)
  private var rejections = [Int](repeating: 0, count: RejectionReason.allCases.count)
  /// The number of records in the input, of any kind.
  public internal(set) var recordsRead = 0
  /// The number of records that were kept to make samples, annotations or launches of them.
  public internal(set) var recordsUsed = 0
  /// The number of words such as `NaN` in places that do not matter.
  public internal(set) var ignoredLiterals = 0
  /// The number of kernels whose correlation has several launches; the latest before it was used.
  public internal(set) var ambiguousLaunches = 0
  /// How many operators took their shapes from an execution trace, where one was given.
  public internal(set) var shapeJoin: ShapeJoin?
  /// The files beside the input that are known and were not read.
  public internal(set) var ignoredFiles: [String] = []
  /// What a kernel-level trace holds; nil for tables.
  public internal(set) var events: EventSummary?
  /// What became of the kernels of CUDA and HIP graphs.
  public internal(set) var graphs = GraphCoverage()
  /// What is known about the clock of the device, and which durations it spoils.
  public internal(set) var timing = TimingQuality()
  /// Where the input ended early, in bytes of text, if it did and the start was salvaged.
  public internal(set) var salvagedAt: Int?
  /// The first places of damage that were skipped, in bytes of text; at most 8.
  public internal(set) var damagedAt: [Int] = []
  /// Where text that was not read follows the document, in bytes of text.
  public internal(set) var trailingTextAt: Int?

  /// Creates the coverage of nothing.
  public init() {}

  /// The kernels that were given to an operator by this rule, or not.
  public subscript(rule: AttributionRule) -> Tally {
    tallies[Self.index(of: rule)]
  }

  /// The number of records that were not used for this reason.
  public func rejected(_ reason: RejectionReason) -> Int { rejections[Self.index(of: reason)] }

  /// The number of records that were not used because something is wrong with them.
  public var rejectedRecords: Int {
    RejectionReason.allCases.reduce(0) { $0 + ($1.isFault ? rejected($1) : 0) }
  }

  /// All kernels, whatever the rule.
  public var total: Tally {
    var total = Tally()
    for tally in tallies {
      total.count += tally.count
      total.nanoseconds = total.nanoseconds.adding(tally.nanoseconds)
    }
    return total
  }

  mutating func add(_ duration: Int64, by rule: AttributionRule) {
    tallies[Self.index(of: rule)].add(duration)
  }

  /// Sets what became of the kernels of one rule.
  mutating func set(_ tally: Tally, for rule: AttributionRule) {
    tallies[Self.index(of: rule)] = tally
  }

  /// Keeps the place of damage, if it is one of the first.
  mutating func noteDamage(at offset: Int) {
    if damagedAt.count < 8 { damagedAt.append(offset) }
  }

  mutating func reject(_ reason: RejectionReason, count: Int = 1) {
    rejections[Self.index(of: reason)] += count
  }

  /// Adds the records of another part of the same table.
  mutating func add(_ other: Coverage) {
    recordsRead += other.recordsRead
    recordsUsed += other.recordsUsed
    for index in rejections.indices { rejections[index] += other.rejections[index] }
  }

  private static func index<Case: CaseIterable & Equatable>(of value: Case) -> Int {
    var index = 0
    for other in Case.allCases {
      if other == value { return index }
      index += 1
    }
    return 0
  }
}
