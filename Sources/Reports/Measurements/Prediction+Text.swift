public import Analytical
public import CostModel
public import Operators
import Validation

extension Prediction {
  /// The time of an operator at a point, its interval, what it rests on and how near it comes to the speed of light.
  ///
  /// - Parameter device: the data sheet that it was predicted for.
  public func text(of op: Operator, at point: AxisPoint, on device: Device) -> String {
    let interval = interval90
    let share = fixedText(100 * speedOfLight / nanoseconds, decimals: 1)
    return """
      \(op) \(op.text(of: point)) on \(device.name)
        \(microseconds(nanoseconds)) µs \
      (90 %: \(microseconds(interval.lowerBound)) to \(microseconds(interval.upperBound)) µs)
        \(evidence): \(explanation)
        speed of light \(microseconds(speedOfLight)) µs, \(share) % of it reached
      """
  }

  /// The samples that it rests on, those that count most first.
  ///
  /// - Parameter device: the data sheet that it was predicted for.
  public func supportText(on device: Device) -> String {
    guard !support.isEmpty else { return "  no single sample tells of it\n" }
    var table = TextTable([
      .init("weight %"), .init("octaves away"), .init("measured µs"), .init("of light %"),
      .init("sample", .left),
    ])
    for sample in support.prefix(Self.mostShown) {
      let light = OperatorWork(sample.operator, at: sample.point).map {
        device.speedOfLight($0, sample.operator.dataType)
      }
      table.add([
        fixedText(100 * sample.weight, decimals: 1), fixedText(sample.octaves, decimals: 2),
        microseconds(sample.nanoseconds),
        light.map { fixedText(100 * $0 / sample.nanoseconds, decimals: 1) } ?? "",
        "\(sample.operator) \(sample.operator.text(of: sample.point))",
      ])
    }
    let others = support.dropFirst(Self.mostShown)
    let share = fixedText(100 * others.reduce(0) { $0 + $1.weight }, decimals: 1)
    let rest = others.isEmpty ? "" : "  \(others.count) more count \(share) % together\n"
    return "  what counts is each sample's ratio to its roofline:\n" + table.text + rest
  }

  private static let mostShown = 10
}

private func microseconds(_ nanoseconds: Double) -> String {
  fixedText(nanoseconds / 1e3, decimals: 3)
}
