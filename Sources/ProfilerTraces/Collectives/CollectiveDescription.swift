import Operators

/// One collective operation with its sizes, as the profiler tells it.
///
/// Bytes, here and everywhere, are those of the larger of a rank's two buffers, which is the "size"
/// of NCCL's own tests: what a rank puts into an all-reduce, a broadcast or an all-to-all, what it
/// gets from an all-gather, what it puts into a reduce-scatter, what one rank sends another.
struct CollectiveDescription: Hashable {
  /// The profiler's name, such as `allreduce` or `_allgather_base`.
  var name: String
  /// The type of the elements as PyTorch writes it, such as `BFloat16` or `c10::BFloat16`.
  var dataType: String
  /// The elements that a rank gives, and gets.
  var input: Int64
  var output: Int64
  /// The ranks of the process group.
  var ranks: Int64

  /// The operator and its point; ``OperatorKind/opaque(_:)`` where a size is missing or absurd.
  var mapped: OperatorMapping.Result {
    let opaque = OperatorMapping.Result(
      operator: Operator(.opaque(name), dataType: type?.dataType), point: .none)
    guard let kind, let participants, let bytes else { return opaque }
    let result = OperatorMapping.Result(
      operator: Operator(kind, dataType: type?.dataType, ["ranks": participants]),
      point: AxisPoint(bytes))
    return SizeLimits.allow(result.operator, at: result.point) ? result : opaque
  }

  /// The ranks that take part in one call: two of them where one sends to another.
  var participants: Int? {
    if kind == .sendReceive { return 2 }
    return ranks > 0 && ranks <= 1 << 24 ? Int(ranks) : nil
  }

  /// What it does; nil for what has no kind, such as a barrier or a gathering on one rank.
  var kind: OperatorKind? {
    CollectiveName.kind(startOf: name)
  }

  private var bytes: Int? {
    guard let size = type?.bytes, input >= 0 || output >= 0 else { return nil }
    let (bytes, overflow) = max(input, output).multipliedReportingOverflow(by: Int64(size))
    return overflow ? nil : Int(bytes)
  }

  private var type: ElementType? { ElementType(dataType) }
}
