/// A part of a sweep: every N-th scenario.
package struct SweepShard: Sendable, Hashable {
  private let number: Int
  private let count: Int

  /// All of it.
  package static let whole = SweepShard(number: 1, count: 1)

  private init(number: Int, count: Int) { (self.number, self.count) = (number, count) }

  /// Reads `i/N`, i from 1; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1],
      (1...1_000_000).contains(count), (1...count).contains(number)
    else { return nil }
    self.init(number: number, count: count)
  }

  /// The places of its scenarios among so many.
  package func indices(of total: Int) -> [Int] {
    Array(stride(from: number - 1, to: total, by: count))
  }
}
