/// All calls of one operator with the same arguments, and the kernels they launched.
public struct OperatorGroup: Hashable, Sendable {
  /// The profiler's name, such as `aten::mm`.
  public var name: String
  /// The shapes of the inputs as compact JSON, such as `[[8944,1024],[1024,2816]]`; may be empty.
  public var inputDims: String
  /// The element types of the inputs as compact JSON; may be empty.
  public var inputTypes: String
  /// The strides of the inputs as compact JSON; may be empty.
  public var inputStrides: String
  /// The values of the scalar inputs as compact JSON; may be empty.
  public var concreteInputs: String
  /// The number of calls that launched at least one kernel.
  public var operationCount: Int
  /// The sum of the durations of all kernels, in nanoseconds.
  public var totalKernelTime: Int64
  /// The kernels, longest total first.
  public var kernels: [KernelTotal]
}
