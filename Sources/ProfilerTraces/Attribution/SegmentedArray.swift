/// An array that grows without moving what it holds.
///
/// A plain array copies itself into one of twice the size, so that for a moment it takes three
/// times what is kept: with millions of events that is most of an import's memory. Here the
/// elements lie in segments of a fixed number; only the list of segments is copied.
struct SegmentedArray<Element> {
  private var segments: [[Element]] = []
  private(set) var count = 0

  /// The number of elements in a segment: a power of two, and some hundred kilobytes of events.
  private static var shift: Int { 13 }
  private static var mask: Int { 1 << shift - 1 }

  init() {}

  /// Adds an element at the end.
  mutating func append(_ element: Element) {
    if count & Self.mask == 0 {
      segments.append([])
      // The first segment grows by doubling, so that a small trace stays small.
      if count > 0 { segments[segments.count - 1].reserveCapacity(1 << Self.shift) }
    }
    segments[segments.count - 1].append(element)
    count += 1
  }
}

extension SegmentedArray: RandomAccessCollection, MutableCollection {
  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(index: Int) -> Element {
    get { segments[index >> Self.shift][index & Self.mask] }
    set { segments[index >> Self.shift][index & Self.mask] = newValue }
  }
}

extension SegmentedArray: Sendable where Element: Sendable {}
