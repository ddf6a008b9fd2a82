/// The lexing of strings, numbers and literals.
extension JSONScanner {
  /// Scans a string; `position` is at its opening quote.
  @inline(__always)
  mutating func scanString() throws(TraceIOError) {
    tokenOffset = offset
    position += 1
    tokenStart = position
    tokenHasEscapes = false
    tokenIsTruncated = false
    while true {
      position = Self.plainEnd(base, position)
      let byte = base[position]
      if byte == UInt8(ascii: "\"") {
        endString()
        return
      }
      if byte == UInt8(ascii: "\\") {
        tokenHasEscapes = true
        try scanEscape()
      } else if position < end {
        throw syntax("a control character in a string")
      } else if try !refillString() {
        throw syntax("a string without end")
      }
    }
  }

  private mutating func endString() {
    let length = position - tokenStart
    if length > limits.maximumString { tokenIsTruncated = true }
    tokenEnd = tokenIsTruncated ? tokenStart + min(length, limits.maximumString) : position
    position += 1
  }

  private mutating func scanEscape() throws(TraceIOError) {
    while end - position < 6, try refillString() {}
    switch base[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    case UInt8(ascii: "u"):
      position += 2
      for _ in 0..<4 {
        guard hexadecimalValue(base[position]) != nil else {
          throw syntax("expected four hexadecimal digits")
        }
        position += 1
      }
    default:
      position += 1
      throw syntax("an unknown escape")
    }
  }

  /// Whether a byte may be part of a number, a literal, or a word that stands in for one.
  @inline(__always)
  func isWord(_ byte: UInt8) -> Bool {
    // Letters, digits, '+', '-', '.', '/' and '_', as bits.
    let low: UInt64 = 0x03FF_E800_0000_0000
    let high: UInt64 = 0x07FF_FFFE_87FF_FFFE
    if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
    return byte < 128 && high >> UInt64(byte & 63) & 1 == 1
  }

  /// Scans a number, a literal or a word; `position` is at its first byte.
  @inline(__always)
  mutating func scanWord() throws(TraceIOError) -> Token {
    tokenOffset = offset
    tokenStart = position
    tokenHasEscapes = false
    tokenIsTruncated = false
    while true {
      while isWord(base[position]) { position &+= 1 }
      if position - tokenStart > JSONLimits.maximumWord {
        throw TraceIOError(.tokenTooLong, path: path, at: place)
      }
      if position < end { break }
      guard try refill(keeping: tokenStart) else { break }
    }
    tokenEnd = position
    return classify()
  }

  private func classify() -> Token {
    let first = base[tokenStart]
    if first <= UInt8(ascii: "9") { return isNumber() ? .number : .invalidLiteral }
    if tokenIs("true") { return .true }
    if tokenIs("false") { return .false }
    if tokenIs("null") { return .null }
    return .invalidLiteral
  }

  /// Whether the current word is a number by the grammar of JSON.
  private func isNumber() -> Bool {
    var index = tokenStart
    if base[index] == UInt8(ascii: "-") { index += 1 }
    if base[index] == UInt8(ascii: "0") {
      index += 1
    } else {
      guard skipDigits(&index) else { return false }
    }
    if index < tokenEnd, base[index] == UInt8(ascii: ".") {
      index += 1
      guard skipDigits(&index) else { return false }
    }
    if index < tokenEnd, base[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if base[index] == UInt8(ascii: "+") || base[index] == UInt8(ascii: "-") { index += 1 }
      guard skipDigits(&index) else { return false }
    }
    return index == tokenEnd
  }

  @inline(__always)
  private func skipDigits(_ index: inout Int) -> Bool {
    let start = index
    while base[index] &- UInt8(ascii: "0") < 10 { index &+= 1 }
    return index > start
  }
}

/// The value of a hexadecimal digit, or nil.
func hexadecimalValue(_ byte: UInt8) -> UInt32? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
  default: nil
  }
}
