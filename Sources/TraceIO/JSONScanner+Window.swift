/// The window of a scanner: moving, filling and growing it.
extension JSONScanner {
  /// Skips white space and returns the next byte without taking it; 0 at the end.
  @inline(__always)
  mutating func peek() throws(TraceIOError) -> UInt8 {
    while true {
      let byte = base[position]
      if byte > 0x20 { return byte }
      if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        position += 1
        continue
      }
      if position < end { throw syntax("a control character") }
      guard try refill(keeping: position) else { return 0 }
    }
  }

  /// Loads more text, sliding the window so that it starts at `first` (or at the captured value).
  ///
  /// - Returns: Whether there was more.
  mutating func refill(keeping first: Int) throws(TraceIOError) -> Bool {
    if exhausted { return false }
    if pin >= 0, end - pin > limits.maximumCapture { pin = -1 }
    slide(to: pin >= 0 ? min(pin, first) : first)
    if end > capacity / 2 { grow(to: capacity * 2) }
    return try fill()
  }

  /// Loads more text inside a string; of one that is too long only the start stays.
  ///
  /// - Returns: Whether there was more.
  mutating func refillString() throws(TraceIOError) -> Bool {
    if exhausted { return false }
    guard position - tokenStart > limits.maximumString, pin < 0 || end - pin > limits.maximumCapture
    else { return try refill(keeping: tokenStart) }
    pin = -1
    tokenIsTruncated = true
    slide(to: tokenStart)
    // Drop the bytes between the kept start and the next byte to look at.
    let dropped = position - limits.maximumString
    (base + limits.maximumString).update(from: base + position, count: end - position)
    position -= dropped
    end -= dropped
    windowOffset += dropped
    if end > capacity / 2 { grow(to: capacity * 2) }
    return try fill()
  }

  /// Makes room for `count` bytes.
  mutating func grow(to count: Int) {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: count + 16)
    larger.update(from: base, count: end)
    (larger + end).update(repeating: 0, count: 8)
    base.deallocate()
    base = larger
    capacity = count
  }

  private mutating func slide(to first: Int) {
    guard first > 0 else { return }
    base.update(from: base + first, count: end - first)
    position -= first
    end -= first
    tokenStart -= first
    tokenEnd -= first
    windowOffset += first
    if pin >= 0 { pin -= first }
  }

  private mutating func fill() throws(TraceIOError) -> Bool {
    let count = try source.read(
      into: UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end))
    end += count
    (base + end).update(repeating: 0, count: 8)
    exhausted = count == 0
    return count > 0
  }

  // MARK: Errors

  /// An error at the current place: the text has ended, or it is not JSON.
  func syntax(_ detail: String) -> TraceIOError {
    if exhausted, position >= end {
      let open = depth == 1 ? "1 bracket is open" : "\(depth) brackets are open"
      return TraceIOError(.truncatedDocument, path: path, at: place, open)
    }
    return TraceIOError(.syntax, path: path, at: place, detail + found)
  }

  /// The current place: a byte of a stream, or the line that is scanned.
  var place: TraceIOError.Position { line > 0 ? .line(line) : .byte(offset) }

  private var found: String {
    let byte = base[position]
    guard byte > 0x20, byte < 0x7F else { return ", found byte \(byte)" }
    return ", found '\(Character(UnicodeScalar(byte)))'"
  }
}
