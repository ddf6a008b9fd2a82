import TraceIO

/// Finds the objects of certain arrays in a document, or in several that follow each other, and passes
/// over all else.
///
/// Nothing of the document is kept, so that one of any size is read in bounded memory.
struct NestedObjects: Sendable {
  /// The members that lead to the arrays: their objects and arrays are entered.
  private let ways: JSONKeys
  /// The arrays whose objects are wanted.
  private let arrays: JSONKeys
  /// The place of the open array among these, or -1.
  private var open = -1

  init(through ways: [String], in arrays: [String]) {
    self.ways = JSONKeys(ways)
    self.arrays = JSONKeys(arrays)
  }

  /// Moves behind the bracket of the next wanted object.
  ///
  /// - Returns: The place of its array's name; nil at the end.
  mutating func next(_ scanner: inout JSONScanner) throws(TraceIOError) -> Int? {
    while true {
      let token = try scanner.next()
      switch token {
      case .objectStart:
        if open >= 0 { return open }
      case .arrayStart:
        if open >= 0 { try scanner.skipValue(of: token) }
      case .arrayEnd:
        open = -1
      case .key:
        let array = scanner.index(in: arrays)
        let way = scanner.index(in: ways)
        let value = try scanner.next()
        if array >= 0, value == .arrayStart {
          open = array
        } else if way < 0 || value != .arrayStart && value != .objectStart {
          try scanner.skipValue(of: value)
        }
      case .end: return nil
      default: break
      }
      if scanner.depth == 0, token != .key, try !scanner.nextDocument() { return nil }
    }
  }
}
