import Operators
import Replay
public import Validation

extension LatencyBands {
  /// The bands as a table of milliseconds, for a terminal; empty without any.
  public var text: String {
    guard !metrics.isEmpty else { return "" }
    var table = TextTable(
      [.init("ms, 90 % band", .left)] + Self.statistics.map { .init($0.rawValue) })
    for metric in metrics {
      table.add(
        [metric.metric.title]
          + metric.bands.map { "\(millisecondsText($0.low)) to \(millisecondsText($0.high))" })
    }
    let inside = measured.map { "; \($0.inside) of \($0.figures) measured figures lie inside" }
    return table.text + "if all steps err the same way, and the machine is as it was when its "
      + "operators were measured\(inside ?? "")\n"
  }
}
