public import OperatorStore

extension Sequence<MeasuredCurve> {
  /// The curves that a software measured.
  ///
  /// - Parameter runtime: its name in full, or, where none has it, the words that names begin with: of
  ///   `vLLM` all versions, of `vLLM 0.24.0` also its variants.
  public func measured(by runtime: String) -> [MeasuredCurve] {
    let exact = filter { $0.runtime == runtime }
    return exact.isEmpty ? filter { $0.runtime.hasPrefix(runtime + " ") } : exact
  }
}
