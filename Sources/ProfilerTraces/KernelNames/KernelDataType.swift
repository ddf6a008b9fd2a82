import Operators

extension DataType {
  /// The element type that a kernel's name tells, or nil; for sources that know no types.
  ///
  /// Template arguments (`c10::BFloat16`), the letters of NVIDIA's (`nvjet_tst`,
  /// `xmma_gemm_bf16bf16`, `s16816gemm_fp16`) and AMD's libraries (`Cijk_Alik_Bljk_BBS_BH`, where
  /// the first letter is the inputs' type). Kernels of 16 bits name `float` too, for their sums, so
  /// that it counts only where nothing shorter is named.
  init?(kernelName name: String) {
    if let letters = Self.letters(name, after: "Cijk_") {
      self.init(tensile: letters)
      return
    }
    if let range = name.firstRange(of: "nvjet_") {
      self.init(nvjet: name[range.upperBound...])
      return
    }
    let text = name.prefix(4096).lowercased()
    let found = Self.words.filter { $0.words.contains { text.contains($0) } }.map(\.type)
    let short = found.filter { $0 != .float32 }
    if short.count == 1 {
      self = short[0]
    } else if short.isEmpty, found == [.float32] {
      self = .float32
    } else {
      return nil
    }
  }

  /// What names each type, in lower case.
  private static let words: [(type: DataType, words: [String])] = [
    (.bfloat16, ["bfloat16", "bf16"]),
    (.float16, ["c10::half", "__half", "_fp16", "f16f16", "hgemm", "_h16816", "::half_t"]),
    (.float8, ["float8", "e4m3", "e5m2"]),
    (.float32, ["<float", "sgemm", "f32f32", ", float"]),
  ]

  /// The types of one of Tensile's kernels, which stand after the indices of both inputs.
  private static func letters(_ name: String, after prefix: String) -> Substring? {
    guard name.hasPrefix(prefix) else { return nil }
    let parts = name.prefix(256).split(
      separator: "_", maxSplits: 4, omittingEmptySubsequences: false)
    return parts.count > 3 ? parts[3] : nil
  }

  private init?(tensile letters: Substring) {
    switch letters {
    case let text where text.hasPrefix("F8") || text.hasPrefix("B8"): self = .float8
    case let text where text.hasPrefix("I8"): self = .int8
    case let text where text.hasPrefix("B"): self = .bfloat16
    case let text where text.hasPrefix("H"): self = .float16
    case let text where text.hasPrefix("S"): self = .float32
    default: return nil
    }
  }

  /// `tst`: inputs, sums and output, where `t` is bfloat16; `qqtst` has inputs of 8 bits.
  private init?(nvjet text: Substring) {
    let letters = text.split(separator: "_").first { !$0.hasPrefix("sm") } ?? ""
    switch letters.first {
    case "t": self = .bfloat16
    case "h": self = .float16
    case "q": self = .float8
    case "s": self = .float32
    default: return nil
    }
  }
}

extension ImportedTrace {
  /// Gives the known operators of a source without types the type of their longest kernel.
  mutating func takeTypesFromKernels() {
    for index in samples.indices where index < groups.count {
      let op = samples[index].operator
      guard op.dataType == nil, !op.kind.isOpaque, op.kind != .memcpy, op.kind != .memset,
        groups[index].inputTypes.isEmpty, let kernel = groups[index].kernels.first
      else { continue }
      samples[index].operator.dataType = DataType(kernelName: kernel.name)
    }
  }
}
