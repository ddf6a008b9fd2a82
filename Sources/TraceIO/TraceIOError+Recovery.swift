/// What an error leaves of the input.
extension TraceIOError {
  /// Whether what is wrong may be one record of JSON alone.
  public var isDamageOfOneRecord: Bool {
    switch reason {
    case .syntax, .tooDeep, .tokenTooLong: true
    default: false
    }
  }

  /// Whether what came before can be used: the input ends early, or is damaged from here on.
  ///
  /// A database is not among them: its pages are in no order.
  public var leavesStart: Bool {
    switch reason {
    case .truncatedDocument, .truncatedStream, .corruptStream, .truncatedMessage,
      .malformedMessage, .unclosedQuote, .unendedRow, .lineTooLong:
      true
    case .cannotOpen, .folder, .readFailed, .outputLimit, .ratioLimit, .unsupportedContainer,
      .unexpectedContent, .corruptDatabase, .databaseLimit, .noScratchSpace, .syntax, .tooDeep,
      .tokenTooLong:
      isDamageOfOneRecord
    }
  }

  /// The byte of the text where it is wrong, if that is known.
  public var textOffset: Int? {
    if case .byte(let offset) = position { return offset }
    return nil
  }
}
