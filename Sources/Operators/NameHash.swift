/// A hash of a name, the same in every run and everywhere (Fowler, Noll and Vo's FNV-1a, 64 bits). Its upper
/// bits are not scattered well: finish it with ``SplitMix64/mixed(_:_:)`` where that matters.
public func nameHash(_ name: String) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  return hash
}
