/// A place in each of as many equal parts of a list, within its part by the golden ratio: a fixed stride
/// would fall on the same sizes of all curves.
///
/// - Parameters:
///   - number: of the part, from 0.
///   - parts: how many there are, at most `count`.
///   - count: of the list.
package func goldenPlace(_ number: Int, of parts: Int, in count: Int) -> Int {
  guard parts < count else { return number }
  let share = Double(number) * 0.618_033_988_749_895
  return min(
    count - 1,
    Int((Double(number) + share - share.rounded(.down)) * Double(count) / Double(parts)))
}

/// The least of some values that nine tenths of one more than there are do not exceed, as that which is
/// judged by it is one more (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005);
/// the largest of fewer than nine. There must be one.
func ninetieth(of values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted[min(sorted.count, (9 * (sorted.count + 1) + 9) / 10) - 1]
}
