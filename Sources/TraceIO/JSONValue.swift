/// A small JSON document as a tree, for what a person writes and is read once.
///
/// Data belongs to ``JSONScanner``: a tree of it would cost many times its size. The depth is that of
/// ``JSONLimits/maximumDepth``, the size that of ``InputLimits/maximumOutput``.
public indirect enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// A number that is whole and fits.
  case integer(Int64)
  /// Any other number, rounded to the nearest.
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// The members in their order; of equal names all are kept.
  case object([Member])

  /// A member of an object.
  public struct Member: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: JSONValue

    /// Creates a member.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The most bytes of text that are read unless the caller says otherwise.
  public static let largestDocument = 1 << 20

  /// Reads a whole file.
  ///
  /// - Throws: where it is not one JSON document; words such as `NaN` are not taken.
  public static func read(
    path: String, limits: InputLimits = InputLimits(maximumOutput: largestDocument)
  ) throws(TraceIOError) -> (value: JSONValue, input: InputSummary) {
    var scanner = try JSONScanner(ByteSource(path: path, limits: limits))
    let value = try value(&scanner, try scanner.next())
    // Nothing may follow.
    _ = try scanner.next()
    return (value, try scanner.finish())
  }

  /// Reads a document that is in memory.
  ///
  /// - Parameter name: what errors call it.
  public static func read(
    bytes: [UInt8], name: String, limits: InputLimits = InputLimits(maximumOutput: largestDocument)
  ) throws(TraceIOError) -> JSONValue {
    var scanner = try JSONScanner(ByteSource(bytes: bytes, name: name, limits: limits))
    let value = try value(&scanner, try scanner.next())
    // Nothing may follow.
    _ = try scanner.next()
    return value
  }

  private static func value(
    _ scanner: inout JSONScanner, _ token: JSONScanner.Token
  ) throws(TraceIOError) -> JSONValue {
    switch token {
    case .null: return .null
    case .true: return .boolean(true)
    case .false: return .boolean(false)
    case .string: return .string(scanner.string())
    case .number:
      if let whole = scanner.integer() { return .integer(whole) }
      if let number = scanner.double() { return .number(number) }
    case .arrayStart:
      var items: [JSONValue] = []
      while true {
        let token = try scanner.next()
        if token == .arrayEnd { return .array(items) }
        items.append(try value(&scanner, token))
      }
    case .objectStart:
      var members: [Member] = []
      while try scanner.next() == .key {
        let name = scanner.string()
        members.append(Member(name, try value(&scanner, try scanner.next())))
      }
      return .object(members)
    case .invalidLiteral, .objectEnd, .arrayEnd, .key, .end: break
    }
    throw TraceIOError(
      .syntax, path: scanner.path, at: .byte(scanner.tokenOffset), "a value is missing or unknown")
  }
}
