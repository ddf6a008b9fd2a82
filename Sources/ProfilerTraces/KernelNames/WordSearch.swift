/// Finds which of many words occur in a text, all in one pass over it (Aho and Corasick, 1975).
///
/// Letters match in either case. A word that starts with `^` must stand at the start of the text,
/// or after a leading `void `, with which compilers print kernels.
///
/// - Complexity: a search takes one table look-up a byte, whatever the number of words.
struct WordSearch: Sendable {
  private struct Word {
    var length: Int
    var isAnchored: Bool
  }

  /// The number of each byte among those that occur in words; 0 for all others.
  private var symbols = [UInt8](repeating: 0, count: 256)
  private var width = 1
  /// The next state by state and symbol.
  private var next: [Int32] = [0]
  /// The words that end in each state, the longest first.
  private var ends: [[Int32]] = [[]]
  private var words: [Word] = []
  private var numbers: [String: Int] = [:]

  /// The number of distinct words.
  var count: Int { words.count }

  /// Prepares the search for words; equal ones get one number.
  init(_ list: [String]) {
    var texts: [[UInt8]] = []
    for word in list where numbers[word] == nil {
      let isAnchored = word.hasPrefix("^")
      let text = word.utf8.dropFirst(isAnchored ? 1 : 0).map(Self.lowercased)
      guard !text.isEmpty else { continue }
      numbers[word] = words.count
      words.append(Word(length: text.count, isAnchored: isAnchored))
      texts.append(text)
    }
    for byte in Set(texts.joined()).sorted() {
      // At most 230 different bytes are left when upper-case letters are folded.
      symbols[Int(byte)] = UInt8(width)
      if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
        symbols[Int(byte) - 32] = UInt8(width)
      }
      width += 1
    }
    next = [Int32](repeating: 0, count: width)
    for (number, text) in texts.enumerated() { add(text, number) }
    link()
  }

  /// The number of a word that was given, with its `^`.
  func number(of word: String) -> Int? { numbers[word] }

  private mutating func add(_ text: [UInt8], _ number: Int) {
    var state = 0
    for byte in text {
      let slot = state * width + Int(symbols[Int(byte)])
      if next[slot] == 0 {
        next[slot] = Int32(ends.count)
        ends.append([])
        next.append(contentsOf: repeatElement(0, count: width))
      }
      state = Int(next[slot])
    }
    ends[state].append(Int32(number))
  }

  /// Fills the states' missing transitions with those of their longest suffix, by breadth.
  private mutating func link() {
    var suffixes = [Int32](repeating: 0, count: ends.count)
    var queue = next[0..<width].filter { $0 != 0 }
    var head = 0
    while head < queue.count {
      let state = Int(queue[head])
      head += 1
      let suffix = Int(suffixes[state])
      ends[state] += ends[suffix]
      for symbol in 0..<width {
        let slot = state * width + symbol
        let fallback = next[suffix * width + symbol]
        if next[slot] == 0 {
          next[slot] = fallback
        } else {
          suffixes[Int(next[slot])] = fallback
          queue.append(next[slot])
        }
      }
    }
  }

  /// Marks the words that occur in the first `limit` bytes of a text.
  func search(_ text: String, limit: Int = 4096, found: inout [Bool]) {
    found.removeAll(keepingCapacity: true)
    found.append(contentsOf: repeatElement(false, count: words.count))
    let start = text.utf8.starts(with: "void ".utf8) ? 5 : 0
    var state = 0
    var position = 0
    for byte in text.utf8.prefix(limit) {
      position += 1
      state = Int(next[state * width + Int(symbols[Int(byte)])])
      for end in ends[state] {
        let word = words[Int(end)]
        if !word.isAnchored || position - word.length == start { found[Int(end)] = true }
      }
    }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
  }
}
