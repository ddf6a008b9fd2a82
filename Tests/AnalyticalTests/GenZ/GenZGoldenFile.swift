import Analytical
import Foundation
import TestSupport
import Testing

/// GenZ's own results, recorded from its repository; they lie beside this one, not in it.
struct GenZGoldenFile: Decodable {
  var cases: [Case]
  var chunked: [Chunked]
  var specDecode: [Speculation]
  var systems: [String: [String: Cell]]
  var models: [String: Model]

  static let isPresent = FileManager.default.fileExists(atPath: path)

  /// Nil where the file is absent, or cannot be read.
  static let shared: GenZGoldenFile? = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return try? decoder.decode(GenZGoldenFile.self, from: data)
  }()

  private static let path = SharedData.path("golden/genz_golden.json")
}

extension GenZGoldenFile {
  struct Case: Decodable {
    var id, model, system, bits: String
    var batchSize, inputTokens, outputTokens: Int
    var tensorParallel, pipelineParallel, expertParallel: Int
    var systemEff: Double
    var beamSizeBb: Int
    var prefill, decode: Figures
  }

  struct Chunked: Decodable {
    var id, model, system, bits: String
    var prefillKvSizes: [[Int]]
    var decodeKvSizes: [Int]
    var tensorParallel: Int
    var systemEff: Double
    var chunked: Figures
  }

  struct Speculation: Decodable {
    var model, draftModel, system, bits: String
    var batchSize, inputTokens, outputTokens, numParallelTokens: Int
    var tokenAcceptanceRate: Double
    var tensorParallel: Int
    var systemEff, latencyMs, throughputTokPerS, tokensGenerated: Double
  }

  struct Figures: Decodable {
    var latencyMs, throughputReqPerS: Double
    var summary: [String: Double]
    var breakdownMs: [String: Double]
    var ops: [[String: Cell]]?
  }

  /// A value of a row, whose other columns are of other types.
  enum Cell: Decodable {
    case number(Double)
    case text(String)
    case flag(Bool)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
  }

  struct Model: Decodable {
    var vocabSize, hiddenSize, intermediateSize, numFfi, numDecoderLayers: Double
    var numAttentionHeads, numKeyValueHeads, headDim, numExperts, expertTopK: Double

    var model: GenZModel {
      GenZModel(
        vocabularySize: Int(vocabSize), hiddenSize: Int(hiddenSize),
        intermediateSize: Int(intermediateSize), feedForwardInputs: Int(numFfi),
        layers: Int(numDecoderLayers), heads: Int(numAttentionHeads),
        kvHeads: Int(numKeyValueHeads), headDim: Int(headDim), experts: Int(numExperts),
        expertsPerToken: Int(expertTopK))
    }
  }
}
