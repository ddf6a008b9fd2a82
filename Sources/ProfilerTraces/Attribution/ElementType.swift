import Operators

/// The type of a tensor's elements, as PyTorch names it.
struct ElementType {
  /// In the shared language, if it is there.
  var dataType: DataType?
  /// The size of an element.
  var bytes: Int

  /// Takes both of PyTorch's spellings: those of C++ in shapes, such as `c10::BFloat16`, and its own
  /// in what collectives say, such as `BFloat16`.
  init?(_ name: String) {
    switch name {
    case "Float", "float": (dataType, bytes) = (.float32, 4)
    case "Half", "c10::Half": (dataType, bytes) = (.float16, 2)
    case "BFloat16", "c10::BFloat16": (dataType, bytes) = (.bfloat16, 2)
    case "Byte", "Char", "unsigned char", "signed char": (dataType, bytes) = (.int8, 1)
    case "Bool", "bool": (dataType, bytes) = (nil, 1)
    case "Short", "short", "short int": (dataType, bytes) = (nil, 2)
    case "Int", "int": (dataType, bytes) = (nil, 4)
    case "Long", "long", "long int", "Double", "double": (dataType, bytes) = (nil, 8)
    case "ComplexFloat", "c10::complex<float>": (dataType, bytes) = (.float32, 8)
    case _ where name.hasPrefix("Float8") || name.hasPrefix("c10::Float8"):
      (dataType, bytes) = (.float8, 1)
    default: return nil
    }
  }
}
