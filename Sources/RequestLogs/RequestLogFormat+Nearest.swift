extension RequestLogFormat {
  /// A format that a text comes near, and what it lacks to be of it: for a person who gave the wrong file, or a
  /// log whose members were renamed.
  public struct Nearest: Hashable, Sendable, CustomStringConvertible {
    /// The format.
    public var format: RequestLogFormat
    /// The members or columns that are not there, at least one.
    public var lacking: [String]

    /// Both in words.
    public var description: String {
      "\(format.title) without \(lacking.map { "'\($0)'" }.joined(separator: " and "))"
    }
  }

  /// Finds the format of which a text has more than half of the names that tell it, but not all.
  ///
  /// Of several the one that lacks least, and of these the first.
  ///
  /// - Parameter text: the first bytes of a log that ``detect(_:)`` knows no format of.
  static func nearest(to text: [UInt8]) -> Nearest? {
    let line = Array(text.prefix { $0 != UInt8(ascii: "\n") })
    let isObject = line.first { $0 > 0x20 } == UInt8(ascii: "{")
    let names =
      isObject
      ? Members(line).names
      : Set(
        String(decoding: line.prefix(1_000), as: UTF8.self).lowercased()
          .split { $0 == "," || $0 == "\"" || $0.isWhitespace }.map(String.init))
    let formats = isObject ? tellingMembers : [(.azure, azureColumns)]
    return formats.compactMap { format, telling -> Nearest? in
      let lacking = telling.filter { !names.contains($0) }
      return lacking.isEmpty || 2 * lacking.count >= telling.count
        ? nil : Nearest(format: format, lacking: lacking)
    }.min { $0.lacking.count < $1.lacking.count }
  }
}
