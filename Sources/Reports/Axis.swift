import Operators
import Validation

/// A linear axis of durations from zero: its unit, its end and where its ticks stand.
struct TimeAxis {
  /// The unit's name and length.
  let unit: String
  let nanosecondsPerUnit: Double
  /// The end of the axis, in units; above zero.
  let end: Double
  /// Ticks, in units, from zero.
  let ticks: [Double]
  private let decimals: Int

  /// An axis on which `longest` fits, with about `count` ticks.
  init(longest: Nanoseconds, count: Int) {
    let length = Double(max(longest.rawValue, 1))
    let units: [(String, Double)] = [
      ("h", 3.6e12), ("min", 6e10), ("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1),
    ]
    // Minutes from half an hour on, hours from half a day on; smaller units from two of them on.
    let unit =
      units.first { name, size in
        length >= size * (name == "h" ? 12 : name == "min" ? 30 : 2)
      } ?? ("ns", 1)
    self.unit = unit.0
    nanosecondsPerUnit = unit.1
    end = length / unit.1
    (ticks, decimals) = Self.ticks(upTo: end, count: count)
  }

  /// The label of a tick.
  func label(_ tick: Double) -> String { fixedText(tick, decimals: decimals) }

  /// Where a duration lies, as a fraction of the axis.
  func fraction(_ time: Nanoseconds) -> Double {
    Double(time.rawValue) / nanosecondsPerUnit / end
  }

  /// Round numbers from zero up to `end`: steps of 1, 2 or 5 times a power of ten.
  static func ticks(upTo end: Double, count: Int) -> (ticks: [Double], decimals: Int) {
    guard end > 0, end.isFinite else { return ([0], 0) }
    let rough = end / Double(max(count, 1))
    var power = 1.0
    var decimals = 0
    while power > rough {
      power /= 10
      decimals += 1
    }
    while power * 10 <= rough { power *= 10 }
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    if step >= 1 {
      decimals = 0
    } else if step == power * 10 {
      decimals -= 1
    }
    let steps = Int((end / step + 1e-9).rounded(.down))
    return ((0...max(steps, 0)).map { Double($0) * step }, max(decimals, 0))
  }
}
