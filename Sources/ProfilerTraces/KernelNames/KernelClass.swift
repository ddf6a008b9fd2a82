/// What a kernel computes, as far as its name tells.
public enum KernelClass: String, Hashable, Sendable, CaseIterable, Codable {
  /// Matrix products, also of vectors.
  case gemm
  /// Attention in all forms, and the merging of its parts.
  case attention
  /// Normalisations.
  case norm
  /// Non-linear functions, also with their gate's product.
  case activation
  /// Softmax on its own.
  case softmax
  /// Arithmetic element by element.
  case elementwise
  /// Sums, means, extremes, pooling, losses.
  case reduction
  /// Rotary position embeddings.
  case rotary
  /// Routing to experts, and kernels made for them alone.
  case moe
  /// Between devices.
  case collective
  /// Data moved, gathered, transposed or filled without arithmetic.
  case copy
  /// Choosing tokens, random numbers.
  case sampling
  /// Convolutions.
  case conv
  /// Changes of type with scales.
  case quantisation
  /// Writes to and moves in the key-value cache.
  case cache
  /// Look-ups of embedding tables, and their gradients.
  case embedding
  /// Sorting, scanning, selecting.
  case sort
}

/// What a kernel's name tells about it.
public struct KernelIdentity: Hashable, Sendable {
  /// What it computes; nil where no rule knows it.
  public var `class`: KernelClass?
  /// The library that it comes from; empty where no rule knows it.
  public var library: String

  /// Creates an identity.
  public init(_ class: KernelClass? = nil, library: String = "") {
    self.class = `class`
    self.library = library
  }

  /// Of a name that no rule knows.
  public static let unknown = KernelIdentity()
}
