import Operators
import Replay

extension StatisticComparison: Codable {
  private enum Key: String, CodingKey {
    case statistic
    case measured = "measured_ns"
    case replayed = "replayed_ns"
    case roofline = "roofline_ns"
    case difference = "difference_percent"
    case rooflineDifference = "roofline_difference_percent"
  }

  /// Reads the times; the differences follow from them.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init(
      statistic: try values.decode(LatencyStatistic.self, forKey: .statistic),
      measured: Nanoseconds(try values.decode(Int64.self, forKey: .measured)),
      replayed: Nanoseconds(try values.decode(Int64.self, forKey: .replayed)),
      roofline: try values.decodeIfPresent(Int64.self, forKey: .roofline).map(Nanoseconds.init(_:)))
  }

  /// Writes times in nanoseconds and differences in percent; what is unknown is left out.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(statistic, forKey: .statistic)
    try values.encode(measured.rawValue, forKey: .measured)
    try values.encode(replayed.rawValue, forKey: .replayed)
    try values.encodeIfPresent(roofline?.rawValue, forKey: .roofline)
    try values.encodeIfPresent(differencePercent, forKey: .difference)
    try values.encodeIfPresent(rooflineDifferencePercent, forKey: .rooflineDifference)
  }
}
