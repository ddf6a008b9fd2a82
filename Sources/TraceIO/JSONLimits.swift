/// The bounds of what a JSON document may hold, so that hostile input costs bounded memory.
public struct JSONLimits: Hashable, Sendable {
  /// The deepest nesting of brackets; at most 64, which is also the default.
  public var maximumDepth: Int
  /// The longest string, as written, that is kept whole; 64 KiB unless set.
  ///
  /// Of a longer one this many bytes are kept and ``JSONScanner/tokenIsTruncated`` is set.
  public var maximumString: Int
  /// The longest raw value that ``JSONScanner/captureValue()`` keeps; 1 MiB unless set.
  public var maximumCapture: Int
  /// The size of the window at the start; 256 KiB unless set, which caches hold.
  public var initialWindow: Int

  /// The longest number or literal.
  static let maximumWord = 4096

  /// Creates limits.
  public init(
    maximumDepth: Int = 64, maximumString: Int = 64 << 10, maximumCapture: Int = 1 << 20,
    initialWindow: Int = 256 << 10
  ) {
    self.maximumDepth = min(max(1, maximumDepth), 64)
    self.maximumString = max(16, maximumString)
    self.maximumCapture = max(16, maximumCapture)
    self.initialWindow = max(64, initialWindow)
  }

  /// The limits that hold unless others are given.
  public static let standard = JSONLimits()
}
