/// A place in a source: bytes of its text, or a row of its table.
public struct SourcePlace: Hashable, Sendable {
  /// The first byte of the (decompressed) text, or the number of the row; -1 where unknown.
  public var offset: Int64
  /// The number of bytes; 0 for a row.
  public var length: Int32

  /// Creates a place.
  public init(offset: Int64, length: Int32 = 0) {
    self.offset = offset
    self.length = length
  }

  /// A place that the reader does not know.
  public static let unknown = SourcePlace(offset: -1)
}
