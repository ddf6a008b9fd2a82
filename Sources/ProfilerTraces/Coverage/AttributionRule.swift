/// How a kernel was given to an operator.
public enum AttributionRule: Int, Hashable, Sendable, CaseIterable {
  /// Correlation to its launch, to the innermost operator around the launch, which has shapes.
  case correlation
  /// As ``correlation``, but the shapes are those of the nearest operator further out.
  case ancestor
  /// As ``correlation``, but no operator around the launch has shapes.
  case withoutShape
  /// Launched as part of a CUDA or HIP graph: the launch tells nothing about the kernel.
  case graph
  /// As part of a graph, by the launch that its node was captured from.
  case graphNode
  /// As part of a graph, by its place in the trace of the graph's capture.
  case graphCapture
  /// The time of the operator on the processor itself; there is no device.
  case cpuOperator
  /// The launch lies outside of the captured window, or there is none: not used.
  case clipped
  /// Launched outside of any operator.
  case noOperator
  /// The trace holds no operator at all: by the kernel's own name.
  case kernelName
  /// A collective's own time: all of its ranks are there, and the last to arrive waited for none.
  case collective
  /// A collective whose other ranks are not there: its time includes waiting for them.
  case collectiveAndWait
  /// What a collective waited for other ranks; whole calls that are not found on all ranks, where
  /// others like them are.
  case collectiveWait
}

extension AttributionRule {
  /// What the database and the reports call it.
  public var label: String {
    switch self {
    case .correlation: "correlation, innermost operator"
    case .ancestor: "correlation, shapes of an outer operator"
    case .withoutShape: "correlation, operator without shapes"
    case .graph: "graph launch, no shapes"
    case .graphNode: "graph launch, shapes by node"
    case .graphCapture: "graph launch, shapes by capture"
    case .cpuOperator: "operator on the processor"
    case .clipped: "launched before the window"
    case .noOperator: "launched outside any operator"
    case .kernelName: "kernel by its name, no operators"
    case .collective: "collective, transfer"
    case .collectiveAndWait: "collective, waiting included"
    case .collectiveWait: "collective, waiting for other ranks"
    }
  }

  /// Whether its time became samples.
  public var isUsed: Bool {
    switch self {
    case .correlation, .ancestor, .withoutShape, .graphNode, .graphCapture, .cpuOperator,
      .kernelName, .collective, .collectiveAndWait:
      true
    case .graph, .clipped, .noOperator, .collectiveWait: false
    }
  }
}
