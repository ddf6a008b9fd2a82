public import CostModel
import Foundation
public import Operators

/// What a simulated run spends at one point of one operator, and how sure that is.
public struct OperatorDemand: Sendable, Hashable {
  /// What runs.
  public var `operator`: Operator
  /// At which sizes.
  public var point: AxisPoint
  /// The time of all its executions in the run, in nanoseconds; 0 for a point that the run does not
  /// visit and that could be measured all the same.
  public var nanoseconds: Double
  /// The prediction's standard error relative to it: 0.05 is five percent.
  public var relativeError: Double
  /// What the prediction rests on.
  public var evidence: Evidence
  /// Whether a plan may ask for this point.
  public var isMeasurable: Bool
  /// Of the variance that is a point's alone, how much is left where several points were gathered to
  /// this one: 1 for one, 1/*n* for *n* of equal doubt.
  var independence = 1.0

  /// Creates a demand.
  public init(
    _ operator: Operator, at point: AxisPoint, nanoseconds: Double, relativeError: Double,
    evidence: Evidence, isMeasurable: Bool = true
  ) {
    self.operator = `operator`
    self.point = point
    self.nanoseconds = nanoseconds
    self.relativeError = relativeError
    self.evidence = evidence
    self.isMeasurable = isMeasurable
  }

  /// Whether a plan may ask for it: what is measured already is not measured again.
  var isCandidate: Bool { isMeasurable && evidence != .measured }

  /// Time times doubt, in nanoseconds: the standard error if this were all there is.
  var doubt: Double { nanoseconds * relativeError }

  /// Whether its numbers can be reckoned with.
  var isSound: Bool {
    nanoseconds.isFinite && nanoseconds >= 0 && relativeError.isFinite && relativeError >= 0
  }
}

/// Points whose errors have to do with each other: of one operator, and for attention of prefills
/// or of decodes alone, which run different kernels.
struct CorrelatedRegion: Hashable {
  var `operator`: Operator
  private var hasPrefill = false
  private var hasDecode = false

  init(_ demand: OperatorDemand) {
    self.operator = demand.operator
    guard demand.operator.kind.isStepAttention else { return }
    hasPrefill = demand.point[0] > 0
    hasDecode = demand.point[2] > 0
  }

  /// A text to sort by.
  var order: String { "\(`operator`) \(hasPrefill) \(hasDecode)" }
}

extension AxisPoint {
  /// How far two points lie apart: octaves along each axis, summed.
  ///
  /// One is added to each size, so that zero (no past) is a size like any other.
  func octaves(to other: AxisPoint) -> Double {
    var sum = 0.0
    for axis in 0..<5 { sum += abs(Self.octave(self[axis]) - Self.octave(other[axis])) }
    return sum
  }

  /// The cell that holds it when octaves are cut into `parts`.
  func cell(parts: Double) -> SIMD8<Int64> {
    var cell = SIMD8<Int64>.zero
    for axis in 0..<5 { cell[axis] = Int64((Self.octave(self[axis]) * parts).rounded()) }
    return cell
  }

  private static func octave(_ size: Int) -> Double { log2(Double(max(0, size)) + 1) }
}
