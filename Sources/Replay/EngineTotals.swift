public import Operators

/// What one engine did in a replay.
public struct EngineTotals: Sendable, Hashable {
  /// The group of the deployment that it belongs to.
  public var group: Int = 0
  /// Steps that ended.
  public var steps: Int = 0
  /// Time in which a step was in flight.
  public var busyTime: Nanoseconds = .zero
  /// When the last step ended, on the replay's clock.
  public var lastEnd: Nanoseconds = .zero
  /// Predicted device time in nanoseconds for each ``Evidence``, in the order of its cases.
  public var deviceTime: SIMD8<Double> = .zero
  /// Predicted time in nanoseconds that kernels do not explain.
  public var hostTime: Double = 0
  /// Standard errors of the steps in nanoseconds, summed: steps are priced from the same curves, so
  /// their errors go together.
  public var standardError: Double = 0
  /// The sum of all times between tokens, in nanoseconds; the histogram's own sum could overflow.
  var gapTime: Double = 0
  /// The integral of scheduled sequences over time, in nanoseconds.
  public var runningTime: Double = 0
  /// The integral of blocks in use over the time of steps, in nanoseconds.
  public var blockTime: Double = 0
  /// The most sequences in one step.
  public var peakRunning: Int = 0
  /// The most requests that waited while a step ran.
  public var peakWaiting: Int = 0
  /// The most blocks in use while a step ran: the high-water mark.
  public var peakBlocks: Int = 0
  /// Blocks that requests may use.
  public var blocks: Int = 0
  /// Times that a request lost its memory.
  public var preemptions: Int = 0
  /// Tokens looked up in the prefix cache by admitted requests.
  public var queriedTokens: Int = 0
  /// Tokens found there.
  public var hitTokens: Int = 0
  /// Blocks that the tokens looked up fill, of each request the last one in part.
  public var queriedBlocks: Int = 0
  /// Of these, blocks found, which are full ones.
  public var hitBlocks: Int = 0

  /// Totals of an engine that did nothing.
  public init() {}
}
