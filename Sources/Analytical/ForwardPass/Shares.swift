/// One device's part of a size that `ranks` devices share: rounded up, as the last one is padded.
func shared(_ size: Int, by ranks: Int) -> Int { (size + ranks - 1) / ranks }

extension TokenMixer {
  /// One device's part of the mixer of a layer that `ranks` devices share.
  func share(of ranks: Int) -> TokenMixer {
    switch self {
    case .attention(let attention): .attention(attention.share(of: ranks))
    case .latent(let attention): .latent(attention.share(of: ranks))
    case .stateSpace(let space): .stateSpace(space.share(of: ranks))
    }
  }
}

extension Attention {
  /// Query heads are divided; where there are fewer key-value heads than devices, each has one.
  func share(of ranks: Int) -> Attention {
    var part = self
    part.heads = shared(heads, by: ranks)
    part.kvHeads = shared(kvHeads, by: ranks)
    return part
  }
}

extension LatentAttention {
  /// Heads are divided. What leads down is not: every device makes the whole small vectors.
  func share(of ranks: Int) -> LatentAttention {
    var part = self
    part.heads = shared(heads, by: ranks)
    return part
  }
}

extension StateSpace {
  /// Channels, heads and groups are divided; a channel's state and step rank are not.
  func share(of ranks: Int) -> StateSpace {
    var part = self
    part.width = shared(width, by: ranks)
    if case .mamba2(let heads, let groups) = version {
      part.version = .mamba2(
        heads: shared(heads, by: ranks), groups: shared(groups, by: ranks))
    }
    return part
  }
}
