/// What the blocks of one request hold, as 64-bit names, for any block size.
///
/// A log names content in pieces of its own size (single tokens, 512 tokens, ...). ``RequestTable``
/// keeps for each piece the hash of the whole beginning up to it, so that the name of an engine's
/// block is one look-up: two blocks have one name exactly if all before and in them is the same.
/// What a log does not name (the rest of a prompt, and generated tokens) belongs to its request
/// alone. Names of more pieces than the prompt fills are those of generated tokens, which a later
/// prompt may repeat: the next turn of a conversation.
struct BlockContent {
  /// Where the request's chain begins in ``RequestTable/chain``.
  var chainStart: Int
  /// How many pieces are named.
  var chainCount: Int32
  /// How many tokens each piece holds.
  var tokensPerName: Int32
  /// The request's number in the whole log, from which content of its own is named.
  var request: Int32

  /// How many full blocks other requests may share: of the prompt and, where these are named, of
  /// the generated tokens whose keys and values are stored.
  func sharedBlocks(input: Int, output: Int, blockSize: Int) -> Int {
    let size = Int(tokensPerName)
    let namesOutput = Int(chainCount) > (input + size - 1) / size
    return min(namesOutput ? input + max(0, output - 1) : input, Int(chainCount) * size) / blockSize
  }

  /// The name of the shared block at `index`.
  func shared(_ index: Int, blockSize: Int, chain: [UInt64]) -> UInt64 {
    let piece = ((index + 1) * blockSize - 1) / Int(tokensPerName)
    return Self.name(chain[chainStart + piece], index)
  }

  /// The name of the request's own block at `index`.
  func own(_ index: Int) -> UInt64 {
    Self.name(0xa076_1d64_78bd_642f ^ UInt64(truncatingIfNeeded: request), index)
  }

  /// The name of a block of a piece; never 0.
  ///
  /// Four of one piece count upwards, so that they lie in one line of the processor's cache in a ``ContentTable``; more
  /// would get into each other's way there.
  private static func name(_ piece: UInt64, _ index: Int) -> UInt64 {
    let index = UInt64(truncatingIfNeeded: index)
    let name = mix(piece, index >> 2) & ~3 | index & 3
    return name == 0 ? 1 : name
  }

  /// The hash of nothing, from which every chain of beginnings begins.
  static let origin: UInt64 = 0x2545_f491_4f6c_dd1d

  /// Mixes a value into a hash: the finaliser of SplitMix64; never 0.
  static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    var mixed = hash &+ (value &+ 1) &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return mixed == 0 ? 1 : mixed
  }
}
