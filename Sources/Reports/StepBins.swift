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
    guard to > 0, from < Double(count), to > from else { return }
    let tokens = Double(max(step.shape.tokens, 1))
    let prefillShare = Double(step.shape.prefillTokens) / tokens
    for bin in Int(max(from, 0))...Int(min(to, Double(count - 1))) {
      let share = min(to, Double(bin + 1)) - max(from, Double(bin))
      guard share > 0 else { continue }
      prefill[bin] += share * prefillShare
      decode[bin] += share * (1 - prefillShare)
      running[bin] += share * Double(step.running)
      waiting[bin] += share * Double(step.waiting)
      blocks[bin] += share * Double(step.blocksInUse)
    }
  }
}
