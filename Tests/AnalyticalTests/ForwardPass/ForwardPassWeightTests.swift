import Analytical
import Operators
import Testing

/// A forward pass against the model's matrices, counted one by one.
@Suite struct ForwardPassWeightTests {
  /// Entries of a layer's matrices that every token passes, and those of each of its experts.
  private static func matrices(_ group: LayerGroup, _ hidden: Int) -> (all: Int, expert: Int) {
    var all = 0
    switch group.mixer {
    case .attention(let attention):
      all += 2 * hidden * attention.heads * attention.headDim
      all += 2 * hidden * attention.kvHeads * attention.headDim
    case .latent(let attention):
      let queries = attention.heads * (attention.plainDim + attention.rotaryDim)
      if let rank = attention.queryRank {
        all += hidden * rank + rank * queries
      } else {
        all += hidden * queries
      }
      all += hidden * (attention.keyValueRank + attention.rotaryDim)
      all += attention.keyValueRank * attention.heads * (attention.plainDim + attention.valueDim)
      all += attention.heads * attention.valueDim * hidden
    case .stateSpace(let space):
      all += space.width * hidden
      switch space.version {
      case .mamba(let rank):
        all += 2 * space.width * hidden + (rank + 2 * space.state) * space.width
        all += rank * space.width
      case .mamba2(let heads, let groups):
        all += (2 * space.width + 2 * groups * space.state + heads) * hidden
      }
    }
    switch group.feedForward {
    case .none: return (all, 0)
    case .dense(let network): return (all + (network.isGated ? 3 : 2) * network.width * hidden, 0)
    case .experts(let network):
      let products = network.isGated ? 3 : 2
      all += network.experts * hidden + products * network.sharedWidth * hidden
      return (all, products * network.width * hidden)
    }
  }

  /// Entries of the matrices outside of the layers.
  private static func ends(_ model: ModelArchitecture) -> Int {
    let table = model.embedding.width ?? model.hiddenSize
    let projection = table == model.hiddenSize ? 0 : table * model.hiddenSize
    switch model.head {
    case .languageModel: return 2 * projection + model.vocabularySize * table
    case .hidden(let hasPooler):
      return projection + (hasPooler ? model.hiddenSize * model.hiddenSize : 0)
    }
  }

  @Test(arguments: ModelArchitecture.builtIns)
  func `Products do two operations for each entry of a matrix that a token passes`(
    model: ModelArchitecture
  ) throws {
    var wanted = Self.ends(model)
    for group in model.layerGroups {
      let (all, expert) = Self.matrices(group, model.hiddenSize)
      var passed = 0
      if case .experts(let network) = group.feedForward { passed = network.perToken }
      wanted += group.count * (all + passed * expert)
    }
    var flops = 0.0
    for use in model.forwardPass(.bfloat16) where [.gemm, .moe].contains(use.operator.kind) {
      let work = try #require(OperatorWork(use.operator, at: use.point(size: 1)))
      flops += work.flops * Double(use.count)
    }
    expectClose(flops, 2 * Double(wanted))
    // What is left of the count are vectors: norms, biases, convolutions, positions and tables.
    let active = model.activeParameterCount
    #expect(active > wanted - model.vocabularySize * model.hiddenSize)
    let tables = model.vocabularySize + model.embedding.learnedPositions
    #expect(Double(active - wanted - tables * model.hiddenSize) < 0.01 * Double(active))
  }

  @Test(arguments: ModelArchitecture.builtIns)
  func `Attributes are those that each kind has, and counts are those of the layers`(
    model: ModelArchitecture
  ) throws {
    let precisions = [
      Precision(.bfloat16), Precision(activations: .bfloat16, weights: .int4, keyValues: .float8),
    ]
    for layout in layouts(of: model) {
      for precision in precisions {
        for fuses in [true, false] {
          let uses = model.forwardPass(precision, layout, fusesResiduals: fuses)
          for use in uses {
            let names = try #require(use.operator.kind.attributeNames, "\(use.operator)")
            let given = Set(use.operator.attributes.keys)
            #expect(given.isSubset(of: names.all), "\(use.operator)")
            #expect(given.isSuperset(of: names.required), "\(use.operator)")
            #expect(use.operator.attributes.values.allSatisfy { $0 >= 0 } && use.count > 0)
          }
          func count(_ roles: String...) -> Int {
            uses.filter { roles.contains($0.role) }.reduce(0) { $0 + $1.count }
          }
          #expect(count("attention", "selective_scan") == model.layers)
          let attends = model.layerGroups.reduce(0) { sum, group in
            if case .stateSpace = group.mixer { sum } else { sum + group.count }
          }
          #expect(count("attention") == attends)
          let sums = model.layerGroups.reduce(0) {
            $0 + $1.count * ($1.feedForward == .none ? 1 : 2)
          }
          #expect(count("residual") == (fuses ? 0 : sums))
          #expect(count("all_reduce") == (layout.tensor > 1 ? sums + 1 : 0))
          #expect(count("pipeline_send") == layout.pipeline - 1)
        }
      }
    }
  }

  /// Queries and keys of 30 and 10 values: heads of 5 one by one, or each of the two as a whole.
  @Test(arguments: [("qwen3", 6 + 2, 5), ("olmo2", 1, 40), ("gemma3_text", 6 + 2, 5)])
  func `Queries and keys are normalised a head, or all heads together`(
    type: String, rows: Int, width: Int
  ) throws {
    let model = try read(
      """
      {"model_type": "\(type)", "hidden_size": 12, "num_attention_heads": 6,
      "num_key_value_heads": 2, "head_dim": 5, "intermediate_size": 20, "vocab_size": 100,
      "num_hidden_layers": 3}
      """)
    let norms = model.forwardPass(.bfloat16).filter { $0.role == "qk_norm" }
    #expect(norms.reduce(0) { $0 + $1.count } == 3)
    for norm in norms {
      #expect(norm.operator.attributes == ["width": width])
      #expect(norm.point(size: 7) == AxisPoint(7 * rows))
    }
    let divided = model.forwardPass(.bfloat16, tensorParallel: 2).filter { $0.role == "qk_norm" }
    #expect(divided.first?.point(size: 2).values[0] == (type == "olmo2" ? 2 : Int64(rows)))
  }

  /// Wherever experts lie, every token of every group passes as many of them, and is sent there.
  @Test(arguments: ["Mixtral-8x7B-v0.1", "DeepSeek-V2-Lite", "gpt-oss-20b"])
  func `Devices together pass every token of all groups through its experts`(name: String) throws {
    let model = try model(name)
    for layout in layouts(of: model) {
      let devices = layout.tensor * layout.data * layout.sequence
      let groups = layout.data * layout.sequence
      let tokens = 6
      let uses = model.forwardPass(Precision(.bfloat16), layout)
      let experts = try #require(uses.first { $0.role == "experts" })
      let group = try #require(model.layerGroups.first { $0.feedForward.experts != nil })
      let network = try #require(group.feedForward.experts)
      let work = try #require(
        OperatorWork(experts.operator, at: experts.point(size: tokens)))
      let visit = 2 * 3 * model.hiddenSize * network.width
      expectClose(
        work.flops * Double(devices), Double(visit * network.perToken * tokens * groups), 1e-12,
        "\(name) on \(layout)")
      let exchange = uses.first { $0.role == "expert_exchange" }
      #expect((exchange != nil) == (layout.expert > 1 && groups > 1))
      guard let exchange else { continue }
      #expect(exchange.count == 2 * experts.count)
      // There and back, a copy for each expert, dealt out as experts are.
      let bytes = exchange.point(size: tokens)[0] * layout.expert
      #expect(bytes == 2 * model.hiddenSize * network.perToken * tokens * groups)
    }
  }

  /// Entries of a role's matrices on one device.
  private func entries(_ model: ModelArchitecture, _ ranks: Int) -> [String: Int] {
    var entries: [String: Int] = [:]
    for use in model.forwardPass(.bfloat16, tensorParallel: ranks) {
      let sizes = use.operator.attributes
      if use.operator.kind == .gemm {
        entries[use.role, default: 0] += use.count * (sizes["n"] ?? 0) * (sizes["k"] ?? 0)
      } else if use.operator.kind == .moe {
        entries[use.role, default: 0] +=
          use.count * (sizes["experts"] ?? 0) * (sizes["width"] ?? 0)
          * (sizes["intermediate"] ?? 0) / (sizes["tensorParallel"] ?? 0)
      }
    }
    return entries
  }

  /// What every device computes for itself.
  private static let replicated: Set<String> = [
    "router", "q_a_proj", "kv_a_proj", "project_in", "project_out", "pooler",
  ]

  @Test(arguments: ModelArchitecture.builtIns, [2, 4, 8, 16])
  func `Devices together hold each divided matrix once, and the others each`(
    model: ModelArchitecture, ranks: Int
  ) {
    guard model.fault(in: Parallelism(tensor: ranks)) == nil else { return }
    let (one, each) = (entries(model, 1), entries(model, ranks))
    #expect(Set(one.keys) == Set(each.keys))
    for (role, whole) in one {
      let part = each[role] ?? 0
      if Self.replicated.contains(role) {
        #expect(part == whole, "\(role)")
        continue
      }
      #expect(part * ranks >= whole, "\(model.name): \(role) loses weights")
      switch role {
      case "lm_head":
        // The last device's part of the vocabulary is padded.
        #expect(part * ranks < whole + ranks * model.hiddenSize)
      case "qkv_proj":
        // Each device has a whole key-value head at least.
        let kvHeads =
          model.layerGroups.map {
            if case .attention(let attention) = $0.mixer { attention.kvHeads } else { ranks }
          }.min() ?? ranks
        let copies = (kvHeads + ranks - 1) / ranks * ranks
        if copies == kvHeads { #expect(part * ranks == whole) }
        #expect(part * ranks * kvHeads <= whole * copies)
      case "in_proj":
        // And a whole group of the state's inputs and outputs.
        let extra = model.layerGroups.reduce(0) { sum, group in
          guard case .stateSpace(let space) = group.mixer,
            case .mamba2(_, let groups) = space.version
          else { return sum }
          let copies = max(groups, ranks) - groups
          return sum + group.count * 2 * copies * space.state * model.hiddenSize
        }
        #expect(part * ranks == whole + extra, "\(model.name)")
      default: #expect(part * ranks == whole, "\(model.name): \(role)")
      }
    }
  }

  @Test(arguments: [3, 5, 6, 7, 12])
  func `Sizes that do not divide are padded, never cut`(ranks: Int) {
    var model = ModelArchitecture(
      name: "m", hiddenSize: 10, intermediateSize: 11, layers: 1, heads: 420, kvHeads: 5,
      headDim: 2, vocabularySize: 13)
    model.layerGroups[0].norms = 0
    let (one, each) = (entries(model, 1), entries(model, ranks))
    for (role, whole) in one { #expect((each[role] ?? 0) * ranks >= whole, "\(role)") }
    #expect(each["down_proj"] == (11 + ranks - 1) / ranks * 10)
    #expect(each["qkv_proj"] == (420 / ranks + 2 * ((5 + ranks - 1) / ranks)) * 2 * 10)
  }
}
