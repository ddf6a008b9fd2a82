public import ArgumentParser
import Reprise

/// What `reprise calibrate --check` and `--check-plans` hold out, and what it shows.
struct CheckOptions: ParsableArguments {
  @Option(
    name: .customLong("protocol"), parsing: .upToNextOption,
    help: """
      What is held out: points, sizes or curves, all three if not given; or devices, which \
      predicts each kind of operator from the other devices of the database.
      """)
  var protocols: [HoldOutProtocol] = HoldOutProtocol.withinDevice

  @Option(name: .customLong("operator"), help: "Check this kind alone, such as gemm.")
  var kind: String?

  @Option(help: "Check curves of this software alone, such as 'vLLM' or 'vLLM 0.24.0'.")
  var runtime: String?

  @Option(
    name: .customLong("where"), parsing: .upToNextOption,
    help: """
      Check curves alone whose attributes have these values: NAME=NUMBER[,NUMBER...], or NAME= \
      for those without it.
      """)
  var conditions: [AttributeCondition] = []

  @Option(
    help: "Leave out points of less than this size along their first axis, where it is not zero.")
  var least = 1

  @Option(help: "List that many of the worst curves, and of the worst points.")
  var worst = 0

  @Option(
    help: "Draw errors, errors by distance and what intervals held as an SVG to this file.",
    completion: .file())
  var svg: String?

  /// Whether anything but the defaults was asked for.
  var isUsed: Bool {
    isOfHoldOut || kind != nil || runtime != nil || !conditions.isEmpty || least != 1
  }

  /// Whether anything was asked for that only predictions of held-out points have.
  var isOfHoldOut: Bool {
    protocols != HoldOutProtocol.withinDevice || worst != 0 || svg != nil
  }

  /// What of a device's curves is to be checked.
  func parts(of curves: [MeasuredCurve]) -> [MeasuredCurve] {
    let parts = curves.compactMap { curve -> MeasuredCurve? in
      guard kind == nil || curve.operator.kind.rawValue == kind,
        conditions.allSatisfy({ $0.holds(curve.operator) })
      else { return nil }
      var part = curve
      part.samples.removeAll { (1..<max(1, least)).contains($0.point[0]) }
      return part.samples.isEmpty ? nil : part
    }
    return runtime.map(parts.measured(by:)) ?? parts
  }
}

/// The values that an attribute may have.
struct AttributeCondition: ExpressibleByArgument {
  let name: String
  /// Empty where the attribute must be absent.
  let values: Set<Int>

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    let numbers = parts[1].split(separator: ",").map { Int($0) }
    guard !numbers.contains(nil) else { return nil }
    name = String(parts[0])
    values = Set(numbers.compactMap { $0 })
  }

  func holds(_ op: Operator) -> Bool {
    guard let value = op.attributes[name] else { return values.isEmpty }
    return values.contains(value)
  }
}

extension HoldOutProtocol: ExpressibleByArgument {}

extension HoldOutProtocol {
  /// What it does, as a heading.
  var explanation: String {
    switch self {
    case .points: "a fifth of all points at random, predicted from the others"
    case .sizes: "every second size of each curve, predicted from the others"
    case .curves: "a fifth of all curves, predicted from the others"
    case .devices: "each kind as if it was measured on the other devices alone"
    }
  }
}
