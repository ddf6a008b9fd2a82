import Analytical
import Foundation
import Operators
import Replay
import RequestLogs
import Scenarios
import Search
import TestSupport
import Testing

@testable import Reports

@Suite struct SearchReportTests {
  private let search: DesignSearch
  private let result: SearchResult

  init() throws {
    let engines = [1, 2, 3, 64].map { tensor in
      var choice = EngineChoice(
        EngineGroup(
          name: "", device: "", tensorParallel: tensor, maxSequences: 8, maxBatchedTokens: 64,
          maxModelLength: 256))
      choice.settings = [.init(key: "tensor_parallel", value: "\(tensor)")]
      return choice
    }
    var space = SearchSpace(
      name: "a, \"b\"", model: "llama-3.1-8b",
      devices: [SearchDevice(device: "h100-sxm", count: 8, pricePerHour: 3)], engines: engines,
      replicas: [1, 2, 8],
      objectives: LatencyObjectives(timeToFirstToken: 100, timePerOutputToken: 10))
    space.objective = .tpot
    let model = try #require(ModelArchitecture.builtIn(named: space.model))
    let sheet = try #require(Device.builtIn(named: "h100-sxm"))
    search = try DesignSearch(space, model, devices: [sheet]) { _, _ in .init() }
    result = try search.run(
      RequestTable(
        (0..<20).map {
          RequestRecord(
            id: "\($0)", arrival: Nanoseconds(Int64($0) * 5_000_000), inputTokens: 40,
            outputTokens: 5, content: [], tokensPerContentName: 1)
        }))
  }

  @Test func `The JSON keeps to its schema, and names designs by the rows of the table`() throws {
    let text = try SearchResultFile(
      toolVersion: "1", inputs: [], workload: nil, search, result, warnings: ["w"]
    ).text()
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    #expect(try SchemaCheck(file: "search-result.schema.json").problems(in: value) == [])
    let best = (value as? [String: Any])?["best"] as? [String: Any]
    #expect(best?["design"] as? Int == result.best)
    let front = (value as? [String: Any])?["front"] as? [[String: Any]]
    #expect(front?.count == result.front.count && result.front.count > 1)
  }

  @Test func `The table of designs has a row for each, with its reason or its replay`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appending(path: "designs.csv").path
    try DesignsFile.write(search, result, to: path)
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == search.designs.count + 1)
    #expect(lines[0].split(separator: ",").count == DesignsFile.columns.count)
    for reason in Pruning.Reason.allCases {
      #expect(
        lines.count { $0.contains(",pruned,\(reason.rawValue),") } == result.count(of: reason))
    }
    // Of three devices a layer's heads cannot be shared.
    #expect(result.count(of: .layout) == 6 && result.count(of: .devices) == 1)
  }

  @Test func `The text tells every reason, and the figure has a dot for each cost and merit`() {
    let text = search.text(of: result)
    #expect(text.contains("12 designs of 4 kinds of engines, 20 requests"))
    for reason in Pruning.Reason.allCases where result.count(of: reason) > 0 {
      #expect(text.contains("\(result.count(of: reason))  \(reason.sentence)"))
    }
    #expect(text.contains("best by tpot: design \(result.best ?? -1): "))
    let svg = FrontFigure(search, result).svg
    #expect(svg.contains("<title>a, &quot;b&quot;</title>"))
    #expect(svg.components(separatedBy: "r=\"4\"").count == result.front.count + 1)
  }
}
