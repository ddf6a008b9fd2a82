import Analytical
import Operators
import Testing

/// What a sequence keeps between steps.
@Suite struct CacheTests {
  @Test(arguments: [
    // Layers × 2 × key-value heads × values a head × 2 bytes; of latent attention one vector.
    ("Llama-3.1-8B", 32 * 2 * 8 * 128 * 2), ("Llama-2-7b-hf", 32 * 2 * 32 * 128 * 2),
    ("falcon-7b", 32 * 2 * 1 * 64 * 2), ("Qwen3-0.6B", 28 * 2 * 8 * 128 * 2),
    ("DeepSeek-V3", 70_272), ("DeepSeek-V2-Lite", 27 * 576 * 2),
    ("Jamba-v0.1", 4 * 2 * 8 * 128 * 2),
    ("mamba-2.8b-hf", 0),
  ])
  func `A token keeps so many bytes`(name: String, bytes: Int) throws {
    #expect(try model(name).keyValueBytesPerToken(.bfloat16) == Double(bytes))
    #expect(try model(name).keyValueBytesPerToken(.float8) == Double(bytes) / 2)
  }

  @Test(arguments: ModelArchitecture.builtIns)
  func `A sequence keeps what a sum over its layers and tokens gives`(model: ModelArchitecture) {
    for tokens in [1, 100, 5000, 40_000] {
      var values = 0
      for group in model.layerGroups {
        var layer = 0
        switch group.mixer {
        case .attention(let attention):
          for position in 0..<tokens {
            // Later tokens push it out of the window.
            let age = tokens - 1 - position
            if age < attention.window ?? .max { layer += 2 * attention.kvHeads * attention.headDim }
          }
        case .latent(let attention):
          layer = tokens * (attention.keyValueRank + attention.rotaryDim)
        case .stateSpace(let space):
          layer = space.width * space.state
          switch space.version {
          case .mamba: layer += space.width * space.convolution
          case .mamba2(_, let groups):
            layer += (space.width + 2 * groups * space.state) * space.convolution
          }
        }
        values += group.count * layer
      }
      expectClose(model.cacheBytes(tokens: Double(tokens), Precision(.float16)), Double(2 * values))
    }
  }

  @Test func `A state space keeps the same however long the sequence is`() throws {
    for name in ["mamba-130m-hf", "mamba2-130m", "falcon-mamba-7b"] {
      let model = try model(name)
      let short = model.cacheBytes(tokens: 1, Precision(.bfloat16))
      #expect(short > 0)
      #expect(model.cacheBytes(tokens: 1e6, Precision(.bfloat16)) == short)
      let quarter = model.cacheBytes(tokens: 1e6, Precision(.bfloat16), tensorParallel: 4)
      // Mamba-2's groups are whole on each device.
      #expect(name.hasPrefix("mamba2") ? quarter > short / 4 : quarter == short / 4)
      #expect(quarter < short / 3)
    }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 12, 16, 64])
  func `Each device keeps whole heads, and all of them together every head`(ranks: Int) throws {
    for name in ["Llama-3.1-8B", "Qwen2.5-7B", "gemma-3-1b-pt", "gpt-oss-20b"] {
      let model = try model(name)
      let kvHeads = try #require(model.attention).kvHeads
      let one = model.keyValueBytesPerToken(.bfloat16) / Double(kvHeads)
      let each = model.keyValueBytesPerToken(.bfloat16, tensorParallel: ranks)
      // The fewest heads a device such that all have a place.
      let heads = try #require((1...kvHeads).first { $0 * ranks >= kvHeads })
      #expect(each == Double(heads) * one, "\(name)")
    }
  }

  @Test func `All devices keep latent attention's one vector`() throws {
    let model = try model("DeepSeek-V3")
    #expect(model.keyValueBytesPerToken(.bfloat16, tensorParallel: 8) == 70_272)
  }
}
