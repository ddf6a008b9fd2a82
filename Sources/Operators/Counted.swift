/// A count with its noun: `1 row`, `2 rows`.
///
/// - Parameters:
///   - singular: the noun of one, with what else must agree with it, such as `row repeats another`.
///   - plural: that of all other counts; the first with an `s` unless given.
package func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
  "\(count) \(noun(of: count, singular, plural))"
}

/// The noun that goes with a count, for counts that are written in another way.
package func noun(of count: Int, _ singular: String, _ plural: String? = nil) -> String {
  count == 1 ? singular : plural ?? singular + "s"
}
