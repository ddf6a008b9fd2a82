extension ModelArchitecture {
  /// The built-in architecture of that name, ignoring case and the organisation before the slash.
  public static func builtIn(named name: String) -> ModelArchitecture? {
    func key(_ name: String) -> String {
      String(name.split(separator: "/").last ?? "").lowercased()
    }
    let wanted = key(name)
    return builtIns.first { key($0.name) == wanted }
  }

  /// The built-in architectures. Source of each: the `config.json` of the repository it names.
  public static let builtIns: [ModelArchitecture] = [
    ModelArchitecture(
      name: "meta-llama/Llama-2-7b-hf", hiddenSize: 4096, intermediateSize: 11008, layers: 32,
      heads: 32, kvHeads: 32, vocabularySize: 32000),
    ModelArchitecture(
      name: "meta-llama/Llama-2-70b-hf", hiddenSize: 8192, intermediateSize: 28672, layers: 80,
      heads: 64, kvHeads: 8, vocabularySize: 32000),
    ModelArchitecture(
      name: "meta-llama/Llama-3.1-8B", hiddenSize: 4096, intermediateSize: 14336, layers: 32,
      heads: 32, kvHeads: 8, vocabularySize: 128_256, maximumPositions: 131_072),
    ModelArchitecture(
      name: "meta-llama/Llama-3.1-70B", hiddenSize: 8192, intermediateSize: 28672, layers: 80,
      heads: 64, kvHeads: 8, vocabularySize: 128_256, maximumPositions: 131_072),
    ModelArchitecture(
      name: "meta-llama/Llama-3.2-1B", hiddenSize: 2048, intermediateSize: 8192, layers: 16,
      heads: 32, kvHeads: 8, headDim: 64, vocabularySize: 128_256, tiesEmbeddings: true,
      maximumPositions: 131_072),
    ModelArchitecture(
      name: "meta-llama/Llama-3.2-3B", hiddenSize: 3072, intermediateSize: 8192, layers: 28,
      heads: 24, kvHeads: 8, headDim: 128, vocabularySize: 128_256, tiesEmbeddings: true,
      maximumPositions: 131_072),
    ModelArchitecture(
      name: "Qwen/Qwen1.5-0.5B-Chat", hiddenSize: 1024, intermediateSize: 2816, layers: 24,
      heads: 16, kvHeads: 16, vocabularySize: 151_936, tiesEmbeddings: true,
      hasAttentionBias: true, maximumPositions: 32768),
    ModelArchitecture(
      name: "Qwen/Qwen2.5-7B", hiddenSize: 3584, intermediateSize: 18944, layers: 28, heads: 28,
      kvHeads: 4, vocabularySize: 152_064, hasAttentionBias: true, maximumPositions: 131_072),
    ModelArchitecture(
      name: "Qwen/Qwen2.5-72B", hiddenSize: 8192, intermediateSize: 29568, layers: 80, heads: 64,
      kvHeads: 8, vocabularySize: 152_064, hasAttentionBias: true, maximumPositions: 131_072),
    ModelArchitecture(
      name: "Qwen/Qwen3-8B", hiddenSize: 4096, intermediateSize: 12288, layers: 36, heads: 32,
      kvHeads: 8, headDim: 128, vocabularySize: 151_936, normalizesQueriesAndKeys: true,
      maximumPositions: 40960),
    ModelArchitecture(
      name: "Qwen/Qwen3-32B", hiddenSize: 5120, intermediateSize: 25600, layers: 64, heads: 64,
      kvHeads: 8, headDim: 128, vocabularySize: 151_936, normalizesQueriesAndKeys: true,
      maximumPositions: 40960),
  ]
}
