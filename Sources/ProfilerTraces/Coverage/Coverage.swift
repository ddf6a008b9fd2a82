/// What became of a trace's records, so that nothing is lost silently.
public struct Coverage: Hashable, Sendable {
  /// By the number of the rule: there is one addition a kernel.
  private var tallies = [Tally](repeating: Tally(), count: AttributionRule.allCases.count)
  private var rejections: [RejectionReason: Int] = [:]
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
    tallies[rule.rawValue]
  }

  /// The number of records that were not used for this reason.
  public func rejected(_ reason: RejectionReason) -> Int { rejections[reason, default: 0] }

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
    tallies[rule.rawValue].add(duration)
  }

  /// Sets what became of the kernels of one rule.
  mutating func set(_ tally: Tally, for rule: AttributionRule) {
    tallies[rule.rawValue] = tally
  }

  /// Keeps the place of damage, if it is one of the first.
  mutating func noteDamage(at offset: Int) {
    if damagedAt.count < 8 { damagedAt.append(offset) }
  }

  mutating func reject(_ reason: RejectionReason, count: Int = 1) {
    guard count > 0 else { return }
    rejections[reason, default: 0] += count
  }

  /// Adds the records of another part of the same table.
  mutating func add(_ other: Coverage) {
    recordsRead += other.recordsRead
    recordsUsed += other.recordsUsed
    rejections.merge(other.rejections, uniquingKeysWith: +)
  }
}
