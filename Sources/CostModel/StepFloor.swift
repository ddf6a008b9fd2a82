internal import Analytical
import Operators

/// What no step of a deployment takes less than: bounds for a search that leaves designs out unreplayed.
///
/// Bounds of the very ``StepModel`` that replays a design, not of an ideal device: the table of what grows with a
/// step's tokens is scanned, so that a bound holds wherever measurements lie, monotone or not. What else a step is
/// made of (attention that was measured, drafts) is taken for nothing, which only loosens a bound.
public struct StepFloor: Sendable {
  /// A line that no step's time lies below, in nanoseconds; both numbers are at least zero.
  public struct Line: Sendable, Hashable {
    /// For a step that does anything.
    public var perStep: Double
    /// For each token of it.
    public var perToken: Double

    /// Creates a line.
    public init(perStep: Double, perToken: Double) {
      self.perStep = perStep
      self.perToken = perToken
    }
  }

  /// A number of tokens, and the time of a step of so many.
  typealias Point = (tokens: Int, time: Double)

  /// Attention whose time is never below its roofline.
  public struct Attention: Sendable {
    private let work: AttentionWork
    private let roofline: Roofline
    private let scale: Double
    private let window: Int?

    fileprivate init(_ op: Operator, on device: Device, scale: Double) {
      work = AttentionWork(op)
      roofline = Roofline(device, op.dataType)
      self.scale = scale
      window = op.attributes["window"].flatMap { $0 > 0 ? $0 : nil }
    }

    /// The least of arithmetic and of traffic for a prompt's tokens behind so many that are cached, in nanoseconds,
    /// however they are cut into chunks and whatever is computed beside them.
    public func prefill(tokens: Int, past: Int) -> SIMD2<Double> {
      // A window counts a batch as if its prompts were equally long, which may be less than their own.
      guard window == nil else { return .zero }
      return times(
        work.work(tokens: Double(tokens), past: Double(past), decodes: 0, context: 0))
    }

    /// The same for tokens that are decoded one by one, the first of which reads `context` keys.
    public func decode(tokens: Int, context: Int) -> SIMD2<Double> {
      guard tokens > 0 else { return .zero }
      let (count, first) = (Double(tokens), Double(context))
      var keys = count * first + count * (count - 1) / 2
      if let window {
        // Those whose context exceeds the window read as many keys as it holds.
        let free = Double(min(tokens, max(0, window - context + 1)))
        keys = free * first + free * (free - 1) / 2 + (count - free) * Double(window)
      }
      return times(work.work(tokens: 0, past: 0, decodes: count, context: keys / count))
    }

    private func times(_ work: OperatorWork) -> SIMD2<Double> {
      let times = roofline.times(work)
      return SIMD2(times.arithmetic, times.traffic) * scale
    }
  }

  /// Lines below the time from a step's beginning to its end.
  public let latency: [Line]
  /// Lines below the time in which an engine can begin no other step: that of one stage of its pipeline.
  public let occupancy: [Line]
  /// The shortest step of all, from beginning to end, in nanoseconds.
  public let shortest: Double
  /// What a step that samples takes at least besides, from beginning to end, in nanoseconds.
  public let sampling: Double
  /// Attention, from a step's beginning to its end.
  public let attention: [Attention]
  /// Stages of the pipeline, which share device time evenly.
  public let stages: Int
}

extension StepModel {
  /// What no step takes less than.
  ///
  /// - Parameters:
  ///   - tokens: the most tokens of a step.
  ///   - sequences: the most sequences that sample in one.
  ///   - stages: of the engine's pipeline.
  /// - Complexity: O(`tokens` + `sequences`).
  public func floor(tokens: Int, sequences: Int, stages: Int = 1) -> StepFloor {
    let stages = max(1, stages)
    // All but collectives is scaled by one factor, collectives by another besides.
    let scale = calibration.map { max(0, $0.deviceScale * min(1, $0.collectiveScale)) } ?? 1
    // Half a nanosecond may be lost when a step's time is rounded, and the last bits when sums are.
    let slack = 1 - 1e-9
    var (latency, occupancy): ([StepFloor.Point], [StepFloor.Point]) = ([], [])
    // Beyond its end the table goes on in a straight line.
    let last = min(max(1, tokens), byTokens.count - 1)
    let sizes = Array(1...max(1, last)) + (tokens > last ? [tokens] : [])
    for (size, time) in zip(sizes, times(at: sizes)) {
      let device = scale * time
      var host = 0.0
      if let calibration {
        var shape = StepShape()
        shape.decodeSequences = 1
        host = calibration.hostTime(shape) + calibration.perToken * Double(size - 1)
        // More sequences take more, unless a fit says less.
        host += min(0, calibration.perSequence) * Double(sequences)
        // What the device hides shows only where the host is slower.
        if calibration.hidesHost { host = 0 }
      }
      latency.append((size, slack * max(0, device + host - 0.5 * Double(stages))))
      occupancy.append((size, slack * max(0, device / Double(stages) + host - 0.5)))
    }
    let sampled = (1...max(1, min(sequences, bySampled.count - 1))).lazy.map {
      Self.entry(self.bySampled, $0).deviceTime.sum()
    }.min()
    return StepFloor(
      latency: Self.lines(below: latency), occupancy: Self.lines(below: occupancy),
      shortest: latency.lazy.map(\.time).min() ?? 0,
      sampling: slack * scale * (sampled ?? 0),
      attention: attention.filter { $0.candidates.own == nil }.map {
        StepFloor.Attention(
          $0.candidates.operator, on: model.device, scale: slack * scale * Double($0.count))
      }, stages: stages)
  }

  /// What follows tokens takes at least in steps of so many, in nanoseconds of device time.
  private func times(at sizes: [Int]) -> [Double] {
    together.isEmpty
      ? sizes.map { Self.entry(byTokens, $0).deviceTime.sum() }
      : together.floor(at: sizes, exactByTokens)
  }

  /// Lines that rise and lie below all of these points, whose tokens ascend: the edges of their lower convex hull, the
  /// steepest one through zero, and the level one.
  static func lines(below points: [StepFloor.Point]) -> [StepFloor.Line] {
    var hull: [(x: Double, y: Double)] = []
    var (least, steepest) = (Double.infinity, Double.infinity)
    for (tokens, time) in points {
      let point = (x: Double(tokens), y: time)
      least = min(least, time)
      steepest = min(steepest, time / point.x)
      while hull.count > 1 {
        let (first, last) = (hull[hull.count - 2], hull[hull.count - 1])
        guard
          (last.x - first.x) * (point.y - first.y) <= (last.y - first.y) * (point.x - first.x)
        else { break }
        hull.removeLast()
      }
      hull.append(point)
    }
    guard least.isFinite else { return [] }
    var lines = [
      StepFloor.Line(perStep: least, perToken: 0), StepFloor.Line(perStep: 0, perToken: steepest),
    ]
    for (first, last) in zip(hull, hull.dropFirst()) {
      let slope = (last.y - first.y) / (last.x - first.x)
      let start = first.y - slope * first.x
      // The last bits of a division must not lift a line.
      if slope > 0, start > 0 {
        lines.append(
          StepFloor.Line(perStep: start * (1 - 1e-9), perToken: slope * (1 - 1e-9)))
      }
    }
    return lines
  }
}
