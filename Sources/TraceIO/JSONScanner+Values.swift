/// The current token as a value.
///
/// What is asked of most tokens is inlined into the caller: a call would copy the whole scanner to
/// the stack, which took a tenth of an import's time.
extension JSONScanner {
  /// Lends the current token's bytes as written: a string without its quotes, escapes unresolved.
  @inlinable
  public borrowing func withToken<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(Span(_unsafeStart: base + tokenStart, count: tokenEnd - tokenStart))
  }

  /// The number of bytes of the current token.
  @inlinable
  public var tokenLength: Int { tokenEnd - tokenStart }

  /// The current token's bytes, unsafe to keep; for the other files of this room.
  @inlinable
  var tokenBytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: base + tokenStart, count: tokenEnd - tokenStart)
  }

  /// Whether the current token's bytes are exactly those of `text`.
  public func tokenIs(_ text: StaticString) -> Bool {
    guard text.utf8CodeUnitCount == tokenLength, text.hasPointerRepresentation else { return false }
    for index in 0..<tokenLength where base[tokenStart + index] != text.utf8Start[index] {
      return false
    }
    return true
  }

  /// The current token as a string: escapes resolved, bytes that are not UTF-8 replaced.
  public func string() -> String {
    guard tokenHasEscapes else { return String(decoding: tokenBytes, as: UTF8.self) }
    return unescaped(tokenBytes)
  }

  /// The current number, or a string that holds one, if it is whole and fits.
  @inlinable
  public func integer() -> Int64? {
    if case .exact(let value) = FixedPoint(tokenBytes, decimals: 0) { return value }
    return nil
  }

  /// The current number, or a string that holds one, with the nearest `Double`.
  public func double() -> Double? {
    guard let value = Double(String(decoding: tokenBytes, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }

  /// The current number, or a string that holds one, in units of 10 to the minus `decimals`.
  ///
  /// No floating-point is involved: microseconds with 3 decimals are exact nanoseconds.
  @inlinable
  public func fixedPoint(decimals: Int) -> FixedPoint { FixedPoint(tokenBytes, decimals: decimals) }
}

extension JSONScanner {
  /// Moves to the next object of an array, past values of other kinds.
  ///
  /// - Returns: Whether there was one; if not, the array has ended.
  public mutating func nextObject() throws(TraceIOError) -> Bool {
    while true {
      let token = try next()
      if token == .objectStart { return true }
      if token == .arrayEnd { return false }
      try skipValue(of: token)
    }
  }
}

/// Text with the escapes of JSON resolved; half a surrogate pair becomes U+FFFD.
private func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count)
  var index = 0
  while index < bytes.count {
    let byte = bytes[index]
    guard byte == UInt8(ascii: "\\"), index + 1 < bytes.count else {
      text.append(byte)
      index += 1
      continue
    }
    let escape = bytes[index + 1]
    index += 2
    switch escape {
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"): text.append(contentsOf: scalar(bytes, &index).utf8)
    default: text.append(escape)
    }
  }
  return String(decoding: text, as: UTF8.self)
}

/// The scalar whose digits start at `index`, taking the second half of a pair with it.
private func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Character {
  guard let first = codeUnit(bytes, index) else {
    index = bytes.count
    return "\u{FFFD}"
  }
  index += 4
  if first >> 10 == 0x36, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
    bytes[index + 1] == UInt8(ascii: "u"), let second = codeUnit(bytes, index + 2),
    second >> 10 == 0x37
  {
    index += 6
    let value = 0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF)
    return UnicodeScalar(value).map(Character.init) ?? "\u{FFFD}"
  }
  return UnicodeScalar(first).map(Character.init) ?? "\u{FFFD}"
}

private func codeUnit(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
  guard index + 4 <= bytes.count else { return nil }
  var value: UInt32 = 0
  for offset in 0..<4 {
    guard let digit = hexadecimalValue(bytes[index + offset]) else { return nil }
    value = value << 4 | digit
  }
  return value
}
