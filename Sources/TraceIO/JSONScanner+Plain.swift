/// The fast lane of a scanner, for what nearly all of a trace is made of.
///
/// It takes whole tokens that lie in the window and are plain: strings without escapes, numbers
/// without exponent, brackets. Before anything else (the end of the window, an escape, a literal, a
/// mistake) it stops with nothing of that token taken, and the general lane looks at it again; so
/// the grammar's hard cases, refilling and all errors are in one place only.
extension JSONScanner {
  private static let quote = UInt8(ascii: "\"")
  private static let comma = UInt8(ascii: ",")

  /// Moves to the next token if it is plain; else changes nothing.
  @inline(__always)
  mutating func nextPlain() -> Token? {
    let text = UnsafePointer(base)
    var place = Self.blankEnd(text, position)
    var byte = text[place]
    switch expectation {
    case .commaOrEnd:
      guard byte == Self.comma else { return closePlain(byte, at: place) }
      place = Self.blankEnd(text, place &+ 1)
      byte = text[place]
      if containers & 1 == 1 { return keyPlain(byte, at: place) }
    case .colon:
      guard byte == UInt8(ascii: ":") else { return nil }
      place = Self.blankEnd(text, place &+ 1)
      byte = text[place]
    case .firstKeyOrEnd:
      return byte == Self.quote ? keyPlain(byte, at: place) : closePlain(byte, at: place)
    case .firstValueOrEnd:
      if byte == UInt8(ascii: "]") { return closePlain(byte, at: place) }
    case .memberValue: break
    default: return nil
    }
    if byte == Self.quote {
      let stop = Self.stringEnd(text, place, limits.maximumString)
      guard stop > 0 else { return nil }
      take(place &+ 1, stop, at: place, next: stop &+ 1)
      expectation = .commaOrEnd
      return .string
    }
    if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
      guard depth < limits.maximumDepth else { return nil }
      take(place, place &+ 1, at: place, next: place &+ 1)
      depth &+= 1
      let isObject = byte == UInt8(ascii: "{")
      containers = containers << 1 | (isObject ? 1 : 0)
      expectation = isObject ? .firstKeyOrEnd : .firstValueOrEnd
      return isObject ? .objectStart : .arrayStart
    }
    let stop = Self.numberEnd(text, place)
    guard stop > 0 else { return nil }
    take(place, stop, at: place, next: stop)
    expectation = .commaOrEnd
    return .number
  }

  @inline(__always)
  private mutating func keyPlain(_ byte: UInt8, at place: Int) -> Token? {
    guard byte == Self.quote else { return nil }
    let stop = Self.stringEnd(UnsafePointer(base), place, limits.maximumString)
    guard stop > 0 else { return nil }
    take(place &+ 1, stop, at: place, next: stop &+ 1)
    expectation = .colon
    return .key
  }

  @inline(__always)
  private mutating func closePlain(_ byte: UInt8, at place: Int) -> Token? {
    let isObject = containers & 1 == 1
    guard depth > 1, byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
    take(place, place &+ 1, at: place, next: place &+ 1)
    depth &-= 1
    containers >>= 1
    expectation = .commaOrEnd
    return isObject ? .objectEnd : .arrayEnd
  }

  /// Makes `start..<end` the current token, and `next` the next byte to look at.
  @inline(__always)
  private mutating func take(_ start: Int, _ end: Int, at place: Int, next: Int) {
    tokenOffset = windowOffset &+ place
    tokenStart = start
    tokenEnd = end
    tokenHasEscapes = false
    tokenIsTruncated = false
    position = next
  }

  /// Skips plain tokens until `target` brackets are open, or up to one that is not plain.
  ///
  /// The state is kept in local variables, and no token is noted but the last bracket.
  mutating func skipPlain(downTo target: Int) {
    let text = UnsafePointer(base)
    let longest = limits.maximumString
    let deepest = limits.maximumDepth
    var (place, open, kinds, expected) = (position, depth, containers, expectation)
    scan: while open > target {
      var next = Self.blankEnd(text, place)
      var byte = text[next]
      if expected == .commaOrEnd, byte == Self.comma {
        next = Self.blankEnd(text, next &+ 1)
        byte = text[next]
      } else if expected != .colon, expected != .memberValue {
        // After an opening bracket, or where a closing one is due.
        if byte == (kinds & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          guard open > 1 else { break scan }
          place = next &+ 1
          open &-= 1
          kinds >>= 1
          expected = .commaOrEnd
          continue
        }
        guard expected != .commaOrEnd else { break scan }
      }
      if kinds & 1 == 1, expected != .memberValue {
        if expected != .colon {
          guard byte == Self.quote else { break scan }
          let stop = Self.stringEnd(text, next, longest)
          guard stop > 0 else { break scan }
          place = stop &+ 1
          expected = .colon
          next = Self.blankEnd(text, place)
          byte = text[next]
        }
        guard byte == UInt8(ascii: ":") else { break scan }
        next = Self.blankEnd(text, next &+ 1)
        byte = text[next]
      }
      if byte == Self.quote {
        let stop = Self.stringEnd(text, next, longest)
        guard stop > 0 else { break scan }
        place = stop &+ 1
        expected = .commaOrEnd
      } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        guard open < deepest else { break scan }
        place = next &+ 1
        open &+= 1
        kinds = kinds << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
        expected = byte == UInt8(ascii: "{") ? .firstKeyOrEnd : .firstValueOrEnd
      } else {
        let stop = Self.numberEnd(text, next)
        guard stop > 0 else { break scan }
        place = stop
        expected = .commaOrEnd
      }
    }
    if open == target, depth > target { take(place &- 1, place, at: place &- 1, next: place) }
    (position, depth, containers, expectation) = (place, open, kinds, expected)
  }

  /// Moves to the next member of the current object whose name is in the list, passing over those
  /// of other names whose value is a plain string or number.
  ///
  /// - Returns: The place of the name in the list; -1 for another name, whose value the caller must
  ///   skip; nil at the end of the object.
  public mutating func nextKey(in keys: JSONKeys) throws(TraceIOError) -> Int? {
    let text = UnsafePointer(base)
    while expectation == .commaOrEnd || expectation == .firstKeyOrEnd, containers & 1 == 1 {
      var place = Self.blankEnd(text, position)
      if expectation == .commaOrEnd {
        guard text[place] == Self.comma else { break }
        place = Self.blankEnd(text, place &+ 1)
      }
      guard text[place] == Self.quote else { break }
      let stop = Self.stringEnd(text, place, limits.maximumString)
      guard stop > 0 else { break }
      let index = keys.index(of: text + (place &+ 1), length: stop &- place &- 1)
      let end = index < 0 ? Self.plainMemberEnd(text, stop &+ 1, limits.maximumString) : 0
      guard end > 0 else {
        take(place &+ 1, stop, at: place, next: stop &+ 1)
        expectation = .colon
        return index
      }
      position = end
      expectation = .commaOrEnd
    }
    guard try next() == .key else { return nil }
    return index(in: keys)
  }

  /// The end of a plain string or number that follows a colon, or 0.
  @inline(__always)
  private static func plainMemberEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ longest: Int
  ) -> Int {
    let colon = blankEnd(text, start)
    guard text[colon] == UInt8(ascii: ":") else { return 0 }
    let place = blankEnd(text, colon &+ 1)
    guard text[place] == quote else { return numberEnd(text, place) }
    let stop = stringEnd(text, place, longest)
    return stop > 0 ? stop &+ 1 : 0
  }

  // MARK: Bytes

  /// The first byte from `start` on that is not white space.
  ///
  /// Indentation is skipped eight bytes at a time. What lies beyond the window is zero.
  @inline(__always)
  private static func blankEnd(_ text: UnsafePointer<UInt8>, _ start: Int) -> Int {
    var place = start
    while true {
      let byte = text[place]
      if byte > 0x20 { return place }
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return place }
      place &+= 1
      if text[place] > 0x20 { return place }
      // In a loop with the check above, since eight spaces may be followed by more.
      let blanks = word(text, place) ^ 0x2020_2020_2020_2020
      place &+= blanks == 0 ? 7 : blanks.trailingZeroBitCount >> 3
    }
  }

  /// The closing quote of a plain string whose opening one is at `start`, or 0.
  @inline(__always)
  private static func stringEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ longest: Int
  ) -> Int {
    let stop = plainEnd(text, start &+ 1)
    return text[stop] == quote && stop &- start <= longest ? stop : 0
  }

  /// The first byte from `start` on that is a quote, a backslash or a control character, sought
  /// eight bytes at a time.
  @inline(__always)
  static func plainEnd(_ text: UnsafePointer<UInt8>, _ start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var index = start
    while true {
      let word = word(text, index)
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      let hits =
        ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
        | ((word &- (ones &* 0x20)) & ~word)
      let found = hits & tops
      if found != 0 { return index &+ found.trailingZeroBitCount >> 3 }
      index &+= 8
    }
  }

  /// The end of a number without exponent at `start`, or 0 if there is none, or if the byte after
  /// it is not one that may follow a value.
  @inline(__always)
  private static func numberEnd(_ text: UnsafePointer<UInt8>, _ start: Int) -> Int {
    var place = start
    if text[place] == UInt8(ascii: "-") { place &+= 1 }
    let first = text[place] &- UInt8(ascii: "0")
    guard first < 10 else { return 0 }
    place &+= 1
    if first > 0 {
      while text[place] &- UInt8(ascii: "0") < 10 { place &+= 1 }
    }
    if text[place] == UInt8(ascii: ".") {
      place &+= 1
      guard text[place] &- UInt8(ascii: "0") < 10 else { return 0 }
      while text[place] &- UInt8(ascii: "0") < 10 { place &+= 1 }
    }
    guard place &- start <= JSONLimits.maximumWord else { return 0 }
    switch text[place] {
    case comma, UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: return place
    default: return 0
    }
  }

  /// Eight bytes, the first lowest.
  @inline(__always)
  private static func word(_ text: UnsafePointer<UInt8>, _ place: Int) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(text + place).loadUnaligned(as: UInt64.self))
  }
}
