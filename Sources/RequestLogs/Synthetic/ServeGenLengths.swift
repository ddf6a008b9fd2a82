import TraceIO

/// Reads ServeGen's files of lengths.
enum ServeGenLengths {
  /// The longest text of one distribution.
  private static let mostBytes = 16 << 20
  /// More stretches of time than a week of minutes has.
  private static let mostParts = 1 << 14

  private static let keys = JSONKeys(["input_tokens", "text_tokens", "output_tokens"])

  /// The lengths by the time from which they hold; empty where the client sent nothing then.
  static func read(_ source: consuming ByteSource) throws -> [ServeGenClient.Lengths] {
    var scanner = try JSONScanner(source, limits: JSONLimits(maximumString: mostBytes))
    var parts: [ServeGenClient.Lengths] = []
    guard try scanner.next() == .objectStart else { throw bad(scanner, "not an object of times") }
    while try scanner.next() == .key {
      guard let start = scanner.double(), start >= 0, parts.count < mostParts else {
        throw bad(scanner, "not a time in seconds")
      }
      guard try scanner.next() == .objectStart else { throw bad(scanner, "not an object") }
      var part = ServeGenClient.Lengths(start: start, input: [], output: [])
      while try scanner.next() == .key {
        let index = scanner.index(in: keys)
        let token = try scanner.next()
        guard index >= 0, token == .string else {
          try scanner.skipValue(of: token)
          continue
        }
        let lengths = scanner.tokenIsTruncated ? nil : scanner.withToken { weights($0) }
        guard let lengths else { throw bad(scanner, "not a dictionary of lengths and shares") }
        if index == 2 { part.output = lengths } else { part.input = lengths }
      }
      parts.append(part)
    }
    guard try scanner.next() == .end else { throw bad(scanner, "more than one document") }
    _ = try scanner.finish()
    return parts
  }

  private static func bad(_ scanner: borrowing JSONScanner, _ detail: String) -> RequestLogError {
    .badDescription(path: scanner.path, place: "byte \(scanner.tokenOffset)", reason: detail)
  }

  /// Parses `{41: 0.99, 50: 0.01}`; nil where the text is anything else.
  static func weights(_ text: Span<UInt8>) -> [LengthDistribution.WeightedLength]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    for index in text.indices where text[index] != UInt8(ascii: " ") { bytes.append(text[index]) }
    guard bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}"), bytes.count > 1 else {
      return nil
    }
    var weights: [LengthDistribution.WeightedLength] = []
    for item in bytes[1..<bytes.count - 1].split(separator: UInt8(ascii: ",")) {
      let parts = item.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard parts.count == 2, weights.count < LengthDistribution.mostEntries,
        let tokens = Int(String(decoding: parts[0], as: UTF8.self)),
        let weight = Double(String(decoding: parts[1], as: UTF8.self)),
        (0...LengthDistribution.mostTokens).contains(tokens), weight >= 0, weight <= 1e18
      else { return nil }
      // No request is without a token.
      weights.append(.init(tokens: max(1, tokens), weight: weight))
    }
    return weights.contains { $0.weight > 0 } ? weights : []
  }
}
