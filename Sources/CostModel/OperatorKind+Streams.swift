internal import Operators

extension OperatorKind {
  /// Whether an operator passes its tokens through and does little with each: its time is that of their bytes, and of a
  /// launch.
  var streams: Bool {
    switch self {
    case .rmsNorm, .layerNorm, .activation, .elementwise, .softmax, .quantize, .rotary, .cacheWrite,
      .embedding:
      true
    default: false
    }
  }
}
