public import Operators

extension HoldOutCheck {
  /// How far a held-out point lies from the nearest sample that the model saw, in octaves added over
  /// all sizes and attributes.
  public enum DistanceBand: Int, CaseIterable, Sendable, Hashable {
    /// At most half an octave.
    case half
    /// At most one: the next size of a table of powers of two.
    case one
    /// At most two.
    case two
    /// At most four.
    case four
    /// Farther, or with no sample of the same type and attributes at all.
    case beyond

    /// The largest distance in the band, in octaves.
    public var limit: Double {
      switch self {
      case .half: 0.5
      case .one: 1
      case .two: 2
      case .four: 4
      case .beyond: .infinity
      }
    }

    /// The band of a distance; nil is beyond all.
    public init(octaves: Double?) {
      // Powers of two are whole octaves apart but for rounding.
      let distance = (octaves ?? .infinity) - 1e-4
      self = Self.allCases.first { distance <= $0.limit } ?? .beyond
    }
  }

  /// The errors of one kind, part and type in one band, over all software.
  public struct DistanceRow: Sendable, Hashable {
    /// The kind.
    public var kind: OperatorKind
    /// `prefill`, `decode` or `mixed` for attention, else empty.
    public var region: String
    /// The type of the inputs.
    public var dataType: DataType?
    /// How far away.
    public var band: DistanceBand
    /// Errors over all of it.
    public var errors: Errors
  }

  /// The errors by distance: bands without points are left out.
  ///
  /// - Complexity: O(*n* · log *n*) in judged points.
  public var byDistance: [DistanceRow] {
    var banded: [DistanceKey: [Point]] = [:]
    for row in rows {
      for point in row.points {
        let key = DistanceKey(group: row.group, band: DistanceBand(octaves: point.octaves))
        banded[key, default: []].append(point)
      }
    }
    return banded.sorted { $0.key.sortKey < $1.key.sortKey }.compactMap { key, points in
      Errors(points).map {
        DistanceRow(
          kind: key.kind, region: key.region, dataType: key.dataType, band: key.band, errors: $0)
      }
    }
  }

  private struct DistanceKey: Hashable {
    var kind: OperatorKind
    var region: String
    var dataType: DataType?
    var band: DistanceBand

    init(group: Group, band: DistanceBand) {
      (kind, region, dataType) = (group.kind, group.region, group.dataType)
      self.band = band
    }

    var sortKey: (String, String, String, Int) {
      (kind.rawValue, region, dataType?.rawValue ?? "", band.rawValue)
    }
  }
}
