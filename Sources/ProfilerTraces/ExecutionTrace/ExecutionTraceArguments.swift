/// The arguments of an operator as PyTorch's execution traces write them, in Kineto's words.
///
/// Execution traces give every argument a shape and a type, `Tensor(float)` or `Int`; Kineto gives
/// tensors the C++ name of their element type, and others `Scalar`, `ScalarList` or nothing.
struct ExecutionTraceArguments: Equatable {
  /// As Kineto's `Input Dims`.
  var dims: String
  /// As Kineto's `Input type`.
  var types: String

  /// Translates; nil if the shapes are no nested list of integers, or are not as many as the types.
  init?(shapes: String, types: [String]) {
    guard let parts = Self.elements(shapes), parts.count == types.count else { return nil }
    var dims: [String] = []
    var names: [String] = []
    for (shape, type) in zip(parts, types) {
      if let element = Self.inner(of: type, "Tensor(", ")") {
        guard shape.hasPrefix("[") else { return nil }
        dims.append(shape)
        names.append(element)
      } else if type.hasPrefix("GenericList[Tensor(") {
        guard shape.hasPrefix("[") else { return nil }
        dims.append(shape)
        names.append("TensorList")
      } else {
        dims.append("[]")
        names.append(Self.name(ofOther: type))
      }
    }
    self.dims = "[" + dims.joined(separator: ",") + "]"
    self.types = "[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
  }

  /// The types in a list as Python prints it, `['Tensor(float)', 'Int']`.
  static func types(fromPython text: String) -> [String] {
    var result: [String] = []
    for (index, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated()
    where index % 2 == 1 { result.append(String(part)) }
    return result
  }

  private static func name(ofOther type: String) -> String {
    if type.hasPrefix("GenericList[") { return "ScalarList" }
    return ["Int", "Double", "Float", "Bool", "Number"].contains(type) ? "Scalar" : ""
  }

  /// The element type between brackets, if it is one: a name without quotes.
  private static func inner(of type: String, _ prefix: String, _ suffix: String) -> String? {
    guard type.hasPrefix(prefix), type.hasSuffix(suffix) else { return nil }
    let name = type.dropFirst(prefix.count).dropLast(suffix.count)
    let isName = name.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII && scalar.value >= 0x20 && scalar != "\"" && scalar != "\\"
    }
    return isName ? String(name) : nil
  }

  /// The elements of a list of nested lists of integers, without white space.
  private static func elements(_ text: String) -> [String]? {
    var result: [String] = []
    var current: [UInt8] = []
    var depth = 0
    var isClosed = false
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: " "), 10, 13, 9: continue
      case UInt8(ascii: "["):
        guard !isClosed, depth < 8 else { return nil }
        depth += 1
        if depth > 1 { current.append(byte) }
      case UInt8(ascii: "]"):
        guard depth > 0 else { return nil }
        if depth > 1 { current.append(byte) }
        depth -= 1
        isClosed = depth == 0
        if isClosed, !current.isEmpty || !result.isEmpty {
          result.append(String(decoding: current, as: UTF8.self))
        }
      case UInt8(ascii: ",") where depth == 1:
        result.append(String(decoding: current, as: UTF8.self))
        current = []
      case UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        guard depth > 0 else { return nil }
        current.append(byte)
      default: return nil
      }
    }
    return isClosed ? result : nil
  }
}
