/// What the requests of one kind pass through: stages that wait for each other.
public struct StagePipeline: Sendable, Hashable {
  /// `name`: told in reports.
  public var name: String
  /// `class`: requests of the log with this class take it. Nil, the default, for requests whose class no
  /// pipeline names; of several such pipelines each gets its ``share``.
  public var requestClass: String?
  /// `share`: the weight of this pipeline among those without a class; 1 by default.
  public var share: Double
  /// `stages`: at least one; their order is that of the text.
  public var stages: [Stage]

  /// Creates a pipeline.
  public init(name: String, requestClass: String? = nil, share: Double = 1, stages: [Stage]) {
    self.name = name
    self.requestClass = requestClass
    self.share = share
    self.stages = stages
  }
}

/// One stage of a pipeline.
public struct Stage: Sendable, Hashable {
  /// `name`: unique in its pipeline; what is done, by default.
  public var name: String
  /// `do`: what is done.
  public var action: StageAction
  /// `on`: the pool of engines that does it.
  public var pool: String
  /// `after`: the stages that must have ended; nil, the default, for the one above. An empty list is the
  /// beginning of the request. Naming one stage in several lists forks, several in one list joins.
  public var after: [String]?
  /// `when`: which requests it is done for; others pass in no time.
  public var condition: StageCondition
  /// `optional`: whether requests whose log has a list of stages pass it only if that names it; off by default.
  public var isOptional: Bool

  /// Creates a stage.
  public init(
    name: String, action: StageAction, pool: String, after: [String]? = nil,
    condition: StageCondition = StageCondition(), isOptional: Bool = false
  ) {
    self.name = name
    self.action = action
    self.pool = pool
    self.after = after
    self.condition = condition
    self.isOptional = isOptional
  }
}

/// For which requests a stage is done: all that meet every part.
///
/// Each request has a difficulty between 0 and 1, of the log or drawn once. Two stages with `difficulty_below` and
/// `difficulty_above` of one value route between models; a stage after another one with `difficulty_above`
/// escalates (a cascade).
public struct StageCondition: Sendable, Hashable {
  /// `class`: requests of this class.
  public var requestClass: String?
  /// `difficulty_above`: requests with a larger difficulty.
  public var difficultyAbove: Double?
  /// `difficulty_below`: requests with at most this difficulty.
  public var difficultyBelow: Double?
  /// `share`: each request with this probability, drawn for this stage alone.
  public var share: Double?
  /// `input_above`: requests whose context is longer.
  public var inputAbove: Int?
  /// `input_up_to`: requests whose context is at most so long.
  public var inputUpTo: Int?
  /// `passages`: with true requests that are searched for, which are all but those of which the log says that no
  /// passage was retrieved; with false these.
  public var passages: Bool?

  /// Creates a condition; with nothing, it holds for all.
  public init(
    requestClass: String? = nil, difficultyAbove: Double? = nil, difficultyBelow: Double? = nil,
    share: Double? = nil, inputAbove: Int? = nil, inputUpTo: Int? = nil,
    passages: Bool? = nil
  ) {
    self.requestClass = requestClass
    self.difficultyAbove = difficultyAbove
    self.difficultyBelow = difficultyBelow
    self.share = share
    self.inputAbove = inputAbove
    self.inputUpTo = inputUpTo
    self.passages = passages
  }
}
