public import OperatorStore

extension Sequence<MeasuredCurve> {
  /// The curves that a software measured.
  ///
  /// - Parameter runtime: its name in full, or, where none has it, the words that names begin with, in letters of either
  ///   size: of `vllm` all versions, of `vLLM 0.24` all that begin so, of `vLLM 0.24.0` also its variants.
  public func measured(by runtime: String) -> [MeasuredCurve] {
    let exact = filter { $0.runtime == runtime }
    guard exact.isEmpty else { return exact }
    let wanted = runtime.lowercased()
    return filter { curve in
      let name = curve.runtime.lowercased()
      return name == wanted || [" ", "."].contains { name.hasPrefix(wanted + $0) }
    }
  }
}
