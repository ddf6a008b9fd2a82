import TraceIO

/// What Kineto writes about collectives: the arguments of `record_param_comms`, which it copies onto
/// the kernels (PyTorch 2.1 and later).
extension KinetoEventParser {
  static let collectiveArguments = [
    "Collective name", "dtype", "In msg nelems", "Out msg nelems", "Group size",
    "Process Group Name", "Process Group Ranks", "Seq", "Src Rank", "Dst Rank",
  ]

  /// The operator that tells the arguments of a collective.
  static let collectiveOperator = "record_param_comms"

  /// Reads the value of the current key, which is that of ``collectiveArguments`` at `index`.
  mutating func readCollective(
    _ index: Int, _ scanner: inout JSONScanner, _ fields: inout Fields
  ) throws(TraceIOError) {
    guard fields.category == .kernel || fields.category == .host else {
      return try skipMember(&scanner)
    }
    var collective = fields.collective ?? CollectiveMetadata()
    switch index {
    case 0: collective.name = try text(&scanner, &fields)
    case 1: collective.dataType = try text(&scanner, &fields)
    case 5: collective.groupName = try text(&scanner, &fields)
    case 6: collective.groupRanks = try raw(&scanner, &fields)
    default:
      let token = try scanner.next()
      let value = scanner.integer() ?? -1
      try scanner.skipValue(of: token)
      switch index {
      case 2: collective.inputElements = value
      case 3: collective.outputElements = value
      case 4: collective.ranks = value
      case 7: collective.sequence = value
      case 8: collective.source = value
      default: collective.destination = value
      }
    }
    fields.collective = collective
  }

  /// The current key's value as written: a list in a string, or a list.
  private mutating func raw(
    _ scanner: inout JSONScanner, _ fields: inout Fields
  ) throws(TraceIOError) -> Int32 {
    _ = try scanner.captureValue()
    guard !scanner.tokenIsTruncated else { return -1 }
    if let number = events.texts.intern(tokenOf: scanner) { return number }
    fields.isTableFull = true
    return -1
  }
}
