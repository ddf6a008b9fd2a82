extension AxisPoint {
  /// What of the sizes of an operator of a kind cannot be, in words; nil where nothing is against them.
  public func contradiction(of kind: OperatorKind) -> String? {
    let axes = kind.axes
    guard !axes.isEmpty else { return nil }
    guard self[0] > 0 || (axes.contains("decodeSequences") && self[2] > 0) else {
      return "\(kind) needs "
        + (kind.isStepAttention ? "prefillTokens or decodeSequences" : axes[0]) + " of at least 1"
    }
    return kind.isStepAttention ? batchContradiction : nil
  }

  /// The same of the sizes of a step's attention, in the order of their axes.
  private var batchContradiction: String? {
    let (prompt, past, decodes, context, longest) = (self[0], self[1], self[2], self[3], self[4])
    if prompt == 0, past > 0 { return "prefillPast is of prefillTokens of at least 1" }
    if decodes == 0 {
      return context > 0 || longest > 0
        ? "decodeContext and decodeLongest are of decodeSequences of at least 1" : nil
    }
    if context < 1 { return "decodeSequences needs decodeContext of at least 1" }
    guard longest > 0 else { return nil }
    if longest < context { return "decodeLongest is at least decodeContext, the mean of all" }
    // The others have one key at least, and the mean may be rounded down.
    let (most, overflow) = decodes.multipliedReportingOverflow(by: context)
    return !overflow && longest > most
      ? "decodeLongest is more than \(decodes) sequences of \(context) keys on average can have"
      : nil
  }
}
