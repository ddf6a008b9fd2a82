internal import Analytical
internal import Operators

/// How the blocks of a prefill's kernel fill a device's multiprocessors.
///
/// A block is a head's next 64 queries, as in FlashAttention 2 at a head's width of 128 (its `kBlockM`). Each
/// multiprocessor computes one at a time, and all wait for the last wave of them, which is seldom full.
struct BlockWaves: Sendable {
  /// Blocks of 64 queries of each sequence, over the device's multiprocessors.
  private let wavesOfRow: Double

  private static let queriesOfBlock = 64.0

  /// Nil where nothing is known of the device's multiprocessors.
  init?(of op: Operator, on device: Device) {
    guard let units = device.multiprocessors, units > 0, op.kind.isStepAttention else { return nil }
    let heads = Double(max(1, op.attributes["heads"] ?? 1))
    let sequences = Double(max(1, op.attributes["sequences"] ?? 1))
    wavesOfRow = heads * sequences / Double(units)
  }

  /// By how much more of the device a chunk after a past leaves idle than a whole prompt of both did, as a factor of
  /// at least 1 on its arithmetic; 1 without a past.
  ///
  /// The ratio of a whole prompt holds its own last wave, between measured lengths smoothly. So the chunk's counts the
  /// more, the more of the context is past.
  func idleness(of length: Double, past: Double) -> Double {
    let rows = length / Self.queriesOfBlock
    let share = past / (length + past)
    let smooth = min(1, rows * wavesOfRow)
    let inWaves = min(1, rows * wavesOfRow / (rows.rounded(.up) * wavesOfRow).rounded(.up))
    let whole = min(1, (length + past) / Self.queriesOfBlock * wavesOfRow)
    return whole / (share * inWaves + (1 - share) * smooth)
  }
}
