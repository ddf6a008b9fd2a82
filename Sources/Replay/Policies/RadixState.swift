/// What SGLang's scheduler remembers between steps, and the constants of its documentation.
struct RadixState {
  /// The part of their longest outputs for which running requests are expected to need memory; it
  /// falls with every decode step, and rises when that proved too bold.
  var newTokenRatio = Self.firstRatio
  /// Whether the last attempt to admit somebody failed, and nobody has left since.
  var isFull = false
  /// How many requests ran then.
  var fullCount = 0

  static let firstRatio = 0.7
  static let lowestRatio = 0.098
  static let ratioDecay = (firstRatio - lowestRatio) / 600
  /// Outputs are taken to be no longer than this when memory is reserved.
  static let longestReserved = 4096
  /// Above so many waiting requests the longest prefix is not searched for.
  static let longestSortedQueue = 128
  /// After a retraction there is memory for so many more tokens of each request.
  static let retractionSteps = 20

  /// Memory, in tokens, to be kept for what a request will still generate.
  static func reserve(_ resident: Resident) -> Int {
    min(Int(resident.output - resident.generated), longestReserved)
  }

  /// Expects less than before.
  mutating func decay() {
    newTokenRatio = max(newTokenRatio - Self.ratioDecay, Self.lowestRatio)
  }
}
