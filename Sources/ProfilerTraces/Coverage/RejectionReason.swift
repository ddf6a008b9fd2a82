/// Why a record was not used.
public enum RejectionReason: String, Hashable, Sendable, CaseIterable, Codable {
  case notAnObject = "not an object"
  case missingName = "no name"
  case badTimestamp = "no valid time stamp"
  case badDuration = "no valid duration"
  case negativeDuration = "negative or no duration"
  case durationTooLong = "duration beyond the limit"
  case beginEndPair = "a begin without its end, or an end without its begin"
  case badValue = "a value that is not a number or out of range"
  case missingField = "a field is missing"
  case unknownLayer = "a layer of unknown kind"
  case syntax = "not valid JSON"
  case tooManyNames = "more distinct names than kept"
  case noDuration = "no duration is given"
  case finalNorm = "the final normalisation, an operator that the layers' rows measure"
  case unknownColumn = "a column of unknown meaning"
  case notCausal = "prefill attention measured without its causal mask"
  case unknownContext = "a step whose context lengths the table does not give"
  case noWork = "a point without work: no bytes, or no keys to attend to"
  case unmatchedRow = "a row that no operator of the mapping selects"
  case wrongResult = "the collective's result was wrong"

  /// Whether something is wrong with the record; a sound one may still have no use.
  var isFault: Bool {
    switch self {
    case .finalNorm, .unknownColumn, .notCausal, .unknownContext, .noDuration, .noWork,
      .unmatchedRow:
      false
    default: true
    }
  }
}
