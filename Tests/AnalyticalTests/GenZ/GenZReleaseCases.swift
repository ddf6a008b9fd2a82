import Analytical
import Testing

/// What GenZ 0.0.16 from PyPI says of inputs unlike those of the recorded file; printed by
/// `tools/genz-cases`.
struct GenZReleasePass: Sendable, CustomTestStringConvertible {
  var model: GenZModel
  var system: String
  var bits: GenZBits
  var tensor, pipeline, expert: Int
  var efficiency: Double
  var pass: GenZPass
  var latency, throughput, weights, unusedWeights, keyValues, totalData, footprint: Double
  var megaflops, attention, linear, communication: Double

  var testDescription: String { "\(system) \(bits) \(tensor)·\(pipeline)·\(expert) \(pass)" }

  init(
    _ model: GenZModel, _ system: String, _ bits: GenZBits, _ tensor: Int, _ pipeline: Int,
    _ expert: Int, _ efficiency: Double, _ pass: GenZPass, latency: Double, throughput: Double,
    weights: Double, unusedWeights: Double, keyValues: Double, totalData: Double,
    footprint: Double, megaflops: Double, attention: Double, linear: Double,
    communication: Double
  ) {
    (self.model, self.system, self.bits, self.pass) = (model, system, bits, pass)
    (self.tensor, self.pipeline, self.expert) = (tensor, pipeline, expert)
    (self.efficiency, self.latency, self.throughput) = (efficiency, latency, throughput)
    (self.weights, self.unusedWeights, self.keyValues) = (weights, unusedWeights, keyValues)
    (self.totalData, self.footprint, self.megaflops) = (totalData, footprint, megaflops)
    (self.attention, self.linear, self.communication) = (attention, linear, communication)
  }

  static let all: [GenZReleasePass] = [
    .init(
      .llama8B, "TPUv5p", .fp8, 1, 1, 1, 0.7,
      .prefill(batch: 3, inputTokens: 777),
      latency: 59.73454767686275, throughput: 50.222193298067, weights: 7658.0,
      unusedWeights: 0.0, keyValues: 145.6875, totalData: 17465.72802734375,
      footprint: 795.220458984375, megaflops: 38385420.337152004, attention: 1.4777211482352943,
      linear: 58.256826528627464, communication: 0.0),
    .init(
      .llama405B, "B100", .bf16, 8, 2, 1, 0.6,
      .prefill(batch: 2, inputTokens: 3000),
      latency: 199.8378744999949, throughput: 6.672075234333856, weights: 96762.0,
      unusedWeights: 0.0, keyValues: 184.5703125, totalData: 234268.7138671875,
      footprint: 686.48583984375, megaflops: 313676660.736, attention: 6.896853446960449,
      linear: 144.9461584457143, communication: 47.994862607320144),
    .init(
      .mixtral, "GH200_GPU", .int8, 2, 1, 4, 0.75,
      .prefill(batch: 5, inputTokens: 1500),
      latency: 22.383516121829775, throughput: 223.37866726504572, weights: 5567.75,
      unusedWeights: 0.0, keyValues: 58.59375, totalData: 14291.352294921875,
      footprint: 170.59375, megaflops: 24892538.88, attention: 0.2765331138558939,
      linear: 8.259725212004234, communication: 13.847257795969645),
    .init(
      .llama70B, "H100_GPU", .int8, 2, 3, 1, 0.8,
      .prefill(batch: 2, inputTokens: 2048),
      latency: 101.85220445811619, throughput: 14.72722174233187, weights: 33642.0,
      unusedWeights: 0.0, keyValues: 160.0, totalData: 69124.5,
      footprint: 642.25, megaflops: 149988847.910912, attention: 3.4741899259858444,
      linear: 91.31148241407482, communication: 7.066532118055557),
    .init(
      .llama8B, "MI325X", .int4, 2, 1, 1, 0.9,
      .decode(batch: 17, inputTokens: 3000, outputTokens: 333, beams: 1),
      latency: 0.9467093655238916, throughput: 17956.936541546213, weights: 1789.25,
      unusedWeights: 0.0, keyValues: 885.328125, totalData: 2716.0789184570312,
      footprint: 125.80303955078125, megaflops: 142432.534528, attention: 0.161902963379283,
      linear: 0.32434928196447865, communication: 0.46045712018013),
    .init(
      .gpt2, "A100_40GB_GPU", .f32, 1, 1, 1, 1.0,
      .decode(batch: 5, inputTokens: 500, outputTokens: 77, beams: 3),
      latency: 0.4470099485479295, throughput: 11185.433380715658, weights: 471.2373046875,
      unusedWeights: 0.0, keyValues: 256.9921875, totalData: 745.0084190368652,
      footprint: 150.15697860717773, megaflops: 3840.69888, attention: 0.15714973211288452,
      linear: 0.289860216435045, communication: 0.0),
    .init(
      .llama405B, "B100", .fp8, 8, 1, 1, 0.6,
      .decode(batch: 16, inputTokens: 5000, outputTokens: 700, beams: 1),
      latency: 12.682041995525362, throughput: 1261.6264798401805, weights: 48130.5,
      unusedWeights: 0.0, keyValues: 2805.46875, totalData: 51475.65478515625,
      footprint: 250.99462890625, megaflops: 1709127.499776, attention: 0.6039079030354818,
      linear: 9.80789711078008, communication: 2.270236981709798),
    .init(
      .phiMoE, "Gaudi3", .fp6, 4, 1, 2, 0.85,
      .decode(batch: 9, inputTokens: 1111, outputTokens: 222, beams: 2),
      latency: 1.9548361879507745, throughput: 4603.966335120164, weights: 3732.1171875,
      unusedWeights: 3150.0, keyValues: 82.001953125, totalData: 3827.1021995544434,
      footprint: 65.625, megaflops: 30216.093696, attention: 0.025839817767240564,
      linear: 0.18274169938475573, communication: 1.7462546707987787),
    .init(
      .llama70B, "H100_GPU", .bf16, 4, 5, 1, 0.8,
      .decode(batch: 7, inputTokens: 4000, outputTokens: 100, beams: 1),
      latency: 13.79637720364994, throughput: 230.62707947535728, weights: 33141.0,
      unusedWeights: 0.0, keyValues: 320.3125, totalData: 33491.64318847656,
      footprint: 501.0767822265625, megaflops: 37437.833216, attention: 0.11644433526431815,
      linear: 11.899261054844635, communication: 1.7806718135409882),
    .init(
      .llama8B, "TPUv4", .int2, 1, 2, 1, 0.5,
      .chunked(
        prefills: [.init(past: 0, new: 200), .init(past: 512, new: 55)], decodes: [900, 1, 4000]),
      latency: 3.9454421954748744, throughput: 65391.90975751884, weights: 1914.5,
      unusedWeights: 0.0, keyValues: 88.5625, totalData: 2209.5891723632812,
      footprint: 133.3912353515625, megaflops: 4180216.381440002, attention: 0.17025801050805373,
      linear: 3.763932186065454, communication: 0.011251998901367188),
    .init(
      .mixtral, "GB200", .fp4, 2, 1, 2, 0.8,
      .chunked(prefills: [.init(past: 64, new: 100)], decodes: [10, 20, 3000]),
      latency: 1.8027405233672922, throughput: 57135.23308812572, weights: 5567.5,
      unusedWeights: 0.0, keyValues: 24.953125, totalData: 5657.653656005859,
      footprint: 112.732421875, megaflops: 648795.127808, attention: 0.004612439208560519,
      linear: 0.8568344280744591, communication: 0.9412936560842725),
    .init(
      .mixtral, "TPUv6", .bf16, 4, 1, 1, 0.8,
      .chunked(prefills: [], decodes: [500, 600, 700]),
      latency: 1.6529389875943097, throughput: 1814.949022629205, weights: 22269.5,
      unusedWeights: 21566.5, keyValues: 56.25, totalData: 22330.109741210938,
      footprint: 448.0, megaflops: 2447.3763840000006, attention: 0.042013269129807386,
      linear: 0.523590500034937, communication: 1.0873352184295655),
  ]
}

/// The same of speculative decoding.
struct GenZReleaseSpeculation: Sendable, CustomTestStringConvertible {
  var target, draft: GenZModel
  var system: String
  var bits: GenZBits
  var tensor, pipeline: Int
  var efficiency: Double
  var batch, input, output, guesses: Int
  var acceptance, latency, throughput, tokens: Double

  var testDescription: String { "\(system) \(bits) \(tensor)·\(pipeline), \(guesses) guesses" }

  init(
    _ target: GenZModel, draft: GenZModel, _ system: String, _ bits: GenZBits, _ tensor: Int,
    _ pipeline: Int, _ efficiency: Double, batch: Int, input: Int, output: Int, guesses: Int,
    acceptance: Double, latency: Double, throughput: Double, tokens: Double
  ) {
    (self.target, self.draft, self.system, self.bits) = (target, draft, system, bits)
    (self.tensor, self.pipeline, self.efficiency) = (tensor, pipeline, efficiency)
    (self.batch, self.input, self.output, self.guesses) = (batch, input, output, guesses)
    (self.acceptance, self.latency) = (acceptance, latency)
    (self.throughput, self.tokens) = (throughput, tokens)
  }

  static let all: [GenZReleaseSpeculation] = [
    .init(
      .llama405B, draft: .llama8B, "B100", .fp8, 8, 1, 0.7,
      batch: 4, input: 2000, output: 300, guesses: 5, acceptance: 0.8,
      latency: 14.451237800942526, throughput: 1021.1665051306211, tokens: 3.68928),
    .init(
      .llama70B, draft: .llama8B, "H100_GPU", .bf16, 2, 4, 0.8,
      batch: 6, input: 1000, output: 200, guesses: 3, acceptance: 0.55,
      latency: 77.75669475104527, throughput: 155.7840136953245, tokens: 2.0188750000000004),
  ]
}
