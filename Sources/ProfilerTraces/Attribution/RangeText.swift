/// What PyTorch writes as the name of a range for other vendors' profilers (`emit_nvtx`, roctx).
///
/// `aten::mm, seq = 7, op_id = 12, sizes = [[8, 4], [4, 2]], input_op_ids = [(3,0)]`, where each
/// part after the name may be missing. There are no element types.
struct RangeText: Equatable {
  /// The operator's name.
  var name: String
  /// The shapes of the inputs as JSON; nil where there are none, or the text is cut.
  var sizes: String?

  init(_ text: String) {
    name = text
    var end = text.endIndex
    for marker in [", seq = ", ", op_id = ", ", sizes = ", ", input_op_ids = "] {
      if let found = text.firstRange(of: marker), found.lowerBound < end { end = found.lowerBound }
    }
    guard end < text.endIndex, end > text.startIndex else { return }
    name = String(text[..<end])
    if let found = text[end...].firstRange(of: ", sizes = ") {
      sizes = Self.list(text[found.upperBound...])
    }
  }

  /// The bracketed list of whole numbers that a text starts with, if it ends and holds nothing else.
  static func list(_ text: Substring) -> String? {
    var depth = 0
    for index in text.utf8.indices {
      switch text.utf8[index] {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return String(text[...index]) }
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ","), UInt8(ascii: " "),
        UInt8(ascii: "-"):
        break
      default: return nil
      }
      if depth == 0 { return nil }
    }
    return nil
  }
}
