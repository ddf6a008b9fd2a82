/// One unit of device work without its step-to-step sizes: a kind and static attributes.
///
/// With the device and the software that ran it, an operator names one curve. Its varying sizes
/// are ``AxisPoint``s.
///
///     Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 14336])
public struct Operator: Hashable, Sendable {
  /// What it does.
  public var kind: OperatorKind
  /// The type of its inputs, or nil where it has none or the source does not say.
  public var dataType: DataType?
  /// Static sizes by their short names (`n`, `k`, `heads`, `kvHeads`, `headDim`, `width`, `ranks`).
  public var attributes: [String: Int]

  /// Creates an operator.
  public init(_ kind: OperatorKind, dataType: DataType?, _ attributes: [String: Int] = [:]) {
    self.kind = kind
    self.dataType = dataType
    self.attributes = attributes
  }

  /// The attributes as `k=4096 n=14336`, sorted by name: equal operators have equal text.
  public var canonicalAttributes: String {
    attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}

extension Operator: CustomStringConvertible {
  /// Kind, attributes and type, as `gemm k=4096 n=14336 bf16`.
  public var description: String {
    [kind.rawValue, canonicalAttributes, dataType?.rawValue ?? ""]
      .filter { !$0.isEmpty }.joined(separator: " ")
  }
}

/// The type of a tensor's elements.
public enum DataType: String, Hashable, Sendable, CaseIterable, Codable {
  case float32 = "fp32"
  case float16 = "fp16"
  case bfloat16 = "bf16"
  case float8 = "fp8"
  case int8
  case int4
  case float4 = "fp4"

  /// The other type of the same width for which devices have the same rates; nil where there is none.
  package var twin: DataType? {
    switch self {
    case .float16: .bfloat16
    case .bfloat16: .float16
    case .float32, .float8, .int8, .int4, .float4: nil
    }
  }

  /// The size of one element in bytes, its block's scale left out; half a byte for four bits.
  public var bytesPerElement: Double {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .float8, .int8: 1
    case .int4, .float4: 0.5
    }
  }
}
