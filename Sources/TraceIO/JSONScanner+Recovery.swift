/// Going on behind damage: to the next object of an array whose elements are known to begin with
/// one of a few names.
extension JSONScanner {
  /// The brackets that are open at some place of a document.
  public struct Level: Hashable, Sendable {
    let depth: Int
    let containers: UInt64

    /// Within an array that is a member of the document's outermost object.
    public static let arrayInObject = Level(depth: 2, containers: 0b10)
  }

  /// The brackets that are open here.
  public var level: Level { Level(depth: depth, containers: containers) }

  /// Moves from the place of an error to the next element of an array that is plausible, or to the
  /// array's end, so that ``next()`` yields it.
  ///
  /// An element is plausible if it is an object after a comma or another bracket whose first name
  /// is one of `names`. The array's end is one that a comma precedes, or that one of `members`
  /// follows. What is passed over is not checked; the search costs time in proportion to it.
  ///
  /// - Parameters:
  ///   - level: the brackets that are open within the array, from ``level``.
  ///   - names: the names that elements begin with.
  ///   - members: the names that may follow the array in the object that holds it.
  /// - Returns: Whether there is such a place before the end of the text.
  public mutating func resume(
    at level: Level, names: JSONKeys, members: JSONKeys
  ) throws(TraceIOError) -> Bool {
    let isAfterComma = depth == level.depth && base[position] == UInt8(ascii: "]")
    pin = -1
    depth = level.depth
    containers = level.containers
    if isAfterComma, position < end {
      expectation = .commaOrEnd
      return true
    }
    // The damage may lie before the place where it showed: a lost quote makes a string run on.
    // A string that was cut no longer lies in the window as it was.
    if !tokenIsTruncated, tokenStart >= 0, tokenStart < position { position = tokenStart + 1 }
    var previous = visibleByte(before: position)
    while true {
      let byte = base[position]
      if byte == 0, position >= end {
        guard try refill(keeping: position) else { return false }
        continue
      }
      if byte == UInt8(ascii: "{"), Self.mayPrecede(previous),
        try follows([UInt8(ascii: "{")], names)
      {
        expectation = .value
        return true
      }
      if byte == UInt8(ascii: "]"), level.containers & 2 == 2,
        try follows([UInt8(ascii: "]"), UInt8(ascii: ",")], members)
      {
        expectation = .commaOrEnd
        return true
      }
      if byte > 0x20 { previous = byte }
      position += 1
    }
  }

  /// Whether an element may come after this byte; a closing bracket if the comma is what is lost.
  private static func mayPrecede(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "}")
  }

  /// The last byte before an index of the window that is no white space, or 0 if there is none near.
  private func visibleByte(before index: Int) -> UInt8 {
    let limit = max(0, index - 256)
    var index = index - 1
    while index >= limit {
      if base[index] > 0x20 { return base[index] }
      index -= 1
    }
    return 0
  }

  /// Whether the text from `position` on is these bytes and then one of the names with its colon,
  /// white space aside.
  private mutating func follows(
    _ bytes: [UInt8], _ names: JSONKeys
  ) throws(TraceIOError) -> Bool {
    while end - position < 256, try refill(keeping: position) {}
    let limit = min(end, position + 256)
    var next = position
    for byte in bytes + [UInt8(ascii: "\"")] {
      next = visibleIndex(from: next, limit)
      guard next < limit, base[next] == byte else { return false }
      next += 1
    }
    (tokenStart, tokenEnd) = (next, next)
    while tokenEnd < limit, base[tokenEnd] != UInt8(ascii: "\"") { tokenEnd += 1 }
    next = visibleIndex(from: tokenEnd + 1, limit)
    return next < limit && base[next] == UInt8(ascii: ":") && index(in: names) >= 0
  }

  /// The first index from `start` on whose byte is no white space, or one not before the limit.
  private func visibleIndex(from start: Int, _ limit: Int) -> Int {
    var index = start
    while index < limit, base[index] <= 0x20 { index += 1 }
    return index
  }
}
