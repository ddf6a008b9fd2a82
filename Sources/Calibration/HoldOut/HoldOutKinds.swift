public import Operators

extension HoldOutCheck {
  /// The errors of one kind and part, over all types and software.
  public struct KindRow: Sendable, Hashable {
    /// The kind.
    public var kind: OperatorKind
    /// `prefill`, `decode` or `mixed` for attention, else empty.
    public var region: String
    /// Errors over all of it.
    public var errors: Errors
  }

  /// The errors by kind and part, every judged point counting once.
  ///
  /// - Complexity: O(*n* · log *n*) in judged points.
  public var byKind: [KindRow] {
    var kinds: [(group: Group, points: [Point])] = []
    // Rows are in the order of their kinds and parts.
    for row in rows {
      if let last = kinds.last?.group, last.kind == row.group.kind, last.region == row.group.region
      {
        kinds[kinds.count - 1].points += row.points
      } else {
        kinds.append((row.group, row.points))
      }
    }
    return kinds.compactMap { kind in
      Errors(kind.points).map {
        KindRow(kind: kind.group.kind, region: kind.group.region, errors: $0)
      }
    }
  }
}
