import CostModel
import Operators
import Replay

/// Time-weighted sums of steps over equal bins of time.
struct StepBins {
  let count: Int
  private let start: Double
  private let width: Double
  /// The share of each bin's time spent on prefill tokens.
  private(set) var prefill: [Double]
  /// The share spent on decode tokens.
  private(set) var decode: [Double]
  /// The mean number of requests in a batch.
  private(set) var running: [Double]
  /// The mean number of requests waiting.
  private(set) var waiting: [Double]
  /// The mean number of key-value blocks in use.
  private(set) var blocks: [Double]
  /// When the last step of each engine ended: with several stages steps overlap, and their engine is busy once.
  private var ends: [Int32: Double] = [:]

  init(count: Int, window: Range<Nanoseconds>) {
    self.count = count
    start = Double(window.lowerBound.rawValue)
    width = max(Double((window.upperBound - window.lowerBound).rawValue) / Double(count), 1)
    prefill = Array(repeating: 0, count: count)
    decode = prefill
    running = prefill
    waiting = prefill
    blocks = prefill
  }

  mutating func add(_ step: StepRecord) {
    let from = (Double(step.start.rawValue) - start) / width
    let to = from + Double(step.duration.rawValue) / width
    let busyFrom = max(from, ends[step.engine] ?? from)
    ends[step.engine] = max(to, busyFrom)
    guard to > 0, from < Double(count), to > from else { return }
    let prefillShare = Double(step.shape.promptTokens) / Double(max(step.shape.tokens, 1))
    for bin in Int(max(from, 0))...Int(min(to, Double(count - 1))) {
      let (first, last) = (Double(bin), min(to, Double(bin + 1)))
      let share = last - max(from, first)
      guard share > 0 else { continue }
      // All that are in flight run; the engine is busy once, and its memory one.
      running[bin] += share * Double(step.running)
      let begin = max(busyFrom, first)
      let busy = last - begin
      guard busy > 0 else { continue }
      prefill[bin] += busy * prefillShare
      decode[bin] += busy * (1 - prefillShare)
      waiting[bin] += busy * Double(step.waiting)
      blocks[bin] += busy * step.blocks(at: ((begin + last) / 2 - from) / (to - from))
    }
  }
}
