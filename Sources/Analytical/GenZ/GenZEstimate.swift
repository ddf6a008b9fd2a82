/// The totals of a forward pass on one chip, as GenZ sums them.
///
/// Softmax, norms, rotary embedding, activation functions, sampling, kernel launches and the host
/// are in none of them.
public struct GenZEstimate: Hashable, Sendable {
  /// Milliseconds of the pass: all pipeline stages, one after the other, for one micro-batch.
  public internal(set) var latency = 0.0
  /// Requests a second of a prefill or a decode, tokens a second of a chunked pass: the batch over
  /// the latency, as GenZ's repository computes it.
  public internal(set) var throughput = 0.0
  /// The same with micro-batches one stage apart, as GenZ 0.0.16 computes it for a prefill or a
  /// decode on several pipeline stages; ``throughput`` otherwise.
  public internal(set) var pipelinedThroughput = 0.0
  /// MiB of weights, of all pipeline stages together.
  public internal(set) var weights = 0.0
  /// The part of ``weights`` that nothing is multiplied by: experts that a decode step leaves out.
  public internal(set) var unusedWeights = 0.0
  /// MiB of keys and values, of all pipeline stages together.
  public internal(set) var keyValues = 0.0
  /// MiB of all tensors, wherever they stay.
  public internal(set) var totalData = 0.0
  /// MiB of the largest operator's tensors, which GenZ calls the on-chip footprint.
  public internal(set) var footprint = 0.0
  /// Multiply-adds. GenZ's column of that name holds twice as many, in millions.
  public internal(set) var macs = 0.0
  /// Milliseconds of all matrices with weights.
  public internal(set) var linear = 0.0
  /// The latency's parts.
  public internal(set) var breakdown = GenZBreakdown()
}

extension GenZEstimate {
  /// Milliseconds of attention proper, without its projections.
  public var attention: Double { breakdown.scores }
  /// Milliseconds of all communication.
  public var communication: Double { breakdown.collectives }
  /// MiB that the chips of one tensor-parallel rank need for weights, keys and values.
  public var requiredMemory: Double { weights + keyValues }
}

extension GenZEstimate: GenZOperatorSink {
  mutating func add(_ op: GenZOperator) {
    let mebibyte = 1_048_576.0
    let count = Double(op.count)
    let time = op.latency * count
    let weight = op.weightBytes / mebibyte
    let data = op.inputBytes / mebibyte + weight + op.outputBytes / mebibyte
    latency += time
    macs += op.macs * count
    totalData += data * count
    footprint = max(footprint, data)
    switch op.shape {
    case .matrix:
      linear += time
      weights += weight * count
      if op.macs == 0 { unusedWeights += weight * count }
    case .logit, .attend: keyValues += weight * count
    case .collective: break
    }
    breakdown.add(op.name, time)
  }
}

/// Where the latency of a pass goes, in milliseconds.
///
/// The first four overlap: collectives are in their block and among all collectives too.
public struct GenZBreakdown: Hashable, Sendable {
  /// The embedding and the language-model head, with their collectives.
  public internal(set) var embedding = 0.0
  /// Attention with its projections and its all-reduce (GenZ: MHA).
  public internal(set) var attention = 0.0
  /// The feed-forward network with its gate and its collectives (GenZ: FFN).
  public internal(set) var feedForward = 0.0
  /// All collectives.
  public internal(set) var collectives = 0.0
  /// Queries times keys and probabilities times values (GenZ: LA_layers).
  public internal(set) var scores = 0.0
  /// The projections around attention (GenZ: QKVO_layers).
  public internal(set) var projections = 0.0
  /// The feed-forward network's matrices (GenZ: FFN_layers).
  public internal(set) var feedForwardMatrices = 0.0
  /// All-reduces, and the head's all-gather (GenZ: AR_time).
  public internal(set) var allReduces = 0.0
  /// All-to-alls (GenZ: A2A_time).
  public internal(set) var allToAlls = 0.0
  /// Messages between pipeline stages (GenZ: Send_Recv_time).
  public internal(set) var sendReceives = 0.0

  fileprivate mutating func add(_ name: GenZOperator.Name, _ time: Double) {
    switch name {
    case .embedding, .classifier: embedding += time
    case .embeddingReduce, .classifierGather:
      embedding += time
      collectives += time
      allReduces += time
    case .queryKeyValue, .output:
      attention += time
      projections += time
    case .logit, .logitPrefix, .logitSuffix, .logitDecode, .attend, .attendPrefix, .attendSuffix,
      .attendDecode:
      attention += time
      scores += time
    case .attentionReduce:
      attention += time
      collectives += time
      allReduces += time
    case .gate, .feedForwardUp, .feedForwardDown:
      feedForward += time
      feedForwardMatrices += time
    case .gateReduce, .feedForwardReduce:
      feedForward += time
      collectives += time
      allReduces += time
    case .dispatch, .collect:
      feedForward += time
      collectives += time
      allToAlls += time
    case .messagePass:
      collectives += time
      sendReceives += time
    }
  }
}
