import Foundation
import GRDB
import Operators
import TestSupport
import Testing

@testable import OperatorStore
@testable import ProfilerTraces
@testable import TraceIO

/// Databases of several machines become one.
@Suite struct MergeTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func path(_ name: String) -> String { folder.path(name) }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: path(name)))
  }

  /// A source with rows in every table, drawn from its digest; curves are shared among sources, and
  /// its points lie on them in no order.
  private func trace(_ sha256: String, path: String = "x", arguments: String = "") -> ImportedTrace
  {
    var random = RandomStream(seed: 3, name: sha256)
    var trace = ImportedTrace(
      format: .sweep,
      inputs: sha256.split(separator: "+").map {
        InputSummary(
          path: path, compression: .none, sha256: String($0), storedBytes: 10, textBytes: 10)
      })
    trace.path = path
    trace.arguments = arguments
    trace.runtime = RuntimeDescription(
      framework: "PyTorch", version: String(Int.random(in: 1...2, using: &random)))
    trace.facts = ["of": sha256]
    for index in 0..<Int.random(in: 5...40, using: &random) {
      let width = Int.random(in: 1...4, using: &random)
      trace.samples.append(
        OperatorSample(
          Operator(.gemm, dataType: .bfloat16, ["n": width, "k": 16]),
          at: AxisPoint(Int.random(in: 1...9, using: &random)), label: "größe \(index)",
          duration: DurationStatistics(mean: 1000 * random.uniform(), count: 2)))
      let kernels = (0..<Int.random(in: 0...3, using: &random)).map { number in
        let launches = (0..<Int.random(in: 0...40, using: &random)).map {
          KernelEvent(place: SourcePlace(offset: Int64($0), length: 9), duration: Int64(width))
        }
        return KernelTotal(
          name: "k\(number)", count: 1, total: Int64(index),
          identity: KernelIdentity(.gemm, library: "cuBLAS"), events: launches)
      }
      trace.groups.append(
        OperatorGroup(
          name: "mm", inputDims: "", inputTypes: "", inputStrides: "", concreteInputs: "",
          operationCount: 1, totalKernelTime: 1, kernels: kernels))
    }
    trace.measuredSteps = (0..<3).map {
      MeasuredStep(
        start: Nanoseconds(Int64($0)), duration: Nanoseconds(Int64(random.next() >> 40)),
        shape: StepShape())
    }
    return trace
  }

  private func calibration(_ device: String, perStep: Double = 1) -> StoredCalibration {
    StoredCalibration(
      deployment: .init(device: device, model: "M", dataType: .bfloat16, tensorParallel: 1),
      fittedOn: "steps of \(perStep)", steps: 7, deviceScale: 1.1, perStep: perStep,
      perSequence: 3, perToken: 4, errorBefore: 0.2, errorHeldOut: 0.1)
  }

  /// Makes a database of sources, by device and digest.
  private func database(_ name: String, _ sources: [(String, String)]) throws {
    let store = try OperatorStore(path: path(name), mode: .readWrite)
    for (device, sha256) in sources {
      _ = try store.add(trace(sha256, path: "of/\(name)"), device: device)
    }
  }

  private func merge(_ names: [String], into output: String) throws -> OperatorStore.MergeOutcome {
    try #require(try OperatorStore.merge(names.map(path), into: path(output)))
  }

  /// Three databases of which two share a source, another a device.
  private func shards() throws {
    try database("a", [("D", "5"), ("D", "1"), ("E", "2")])
    try database("b", [("E", "4"), ("D", "1")])
    try database("c", [("C", "3"), ("D", "0"), ("C", "1")])
    try OperatorStore(path: path("a"), mode: .readWrite).save(calibration("D"))
    try OperatorStore(path: path("c"), mode: .readWrite).save(calibration("C"))
  }

  /// Every row of every table, numbers of rows included, but for what sources were called.
  private func dump(_ name: String) throws -> [String] {
    try DatabaseQueue(path: path(name)).read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      return try tables.flatMap { table in
        let columns = try db.columns(in: table).map(\.name).filter { $0 != "path" }
        let list = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        return try Row.fetchAll(db, sql: "SELECT \(list) FROM \(table)").map {
          "\(table): \($0.databaseValues)"
        }.sorted()
      }
    }
  }

  @Test func `In any order, and by way of other merges, the bytes are the same`() throws {
    try shards()
    _ = try merge(["a", "b", "c"], into: "all")
    let expected = try bytes("all")
    for order in [
      ["a", "c", "b"], ["b", "a", "c"], ["b", "c", "a"], ["c", "a", "b"], ["c", "b", "a"],
    ] {
      _ = try merge(order, into: "other")
      #expect(try bytes("other") == expected, "\(order)")
    }
    for (first, rest) in [
      (["c", "a"], ["b"]), (["b", "c"], ["a"]), (["a", "b", "b"], ["a", "c"]),
    ] {
      _ = try merge(first, into: "part")
      _ = try merge(rest + ["part"], into: "other")
      #expect(try bytes("other") == expected, "\(first)")
    }
    _ = try merge(["all"], into: "other")
    #expect(try bytes("other") == expected)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 6)
  }

  /// Oracle: the importer itself.
  @Test func `A merge is what an import of all sources has made`() throws {
    try shards()
    let outcome = try merge(["a", "b", "c"], into: "all")
    let sources = [
      ("C", "1"), ("C", "3"), ("D", "0"), ("D", "1"), ("D", "5"), ("E", "2"), ("E", "4"),
    ]
    try database("direct", sources)
    let direct = try OperatorStore(path: path("direct"), mode: .readWrite)
    try direct.save(calibration("C"))
    try direct.save(calibration("D"))
    let rows = try dump("direct")
    #expect(try dump("all") == rows)
    func count(_ table: String) -> Int { rows.count { $0.hasPrefix("\(table):") } }
    #expect(
      outcome
        == .init(
          sources: 7, repeated: 1, superseded: 0, samples: count("sample"), curves: count("curve"),
          steps: 21, calibrations: 2))
    for table in ["source_fact", "attribution", "kernel", "kernel_event"] {
      #expect(count(table) > 6, "the test copies no \(table)")
    }
    #expect(try OperatorStore(path: path("all"), mode: .readOnly).problems() == [])
  }

  @Test func `A file that is part of another source is left out`() throws {
    try database("whole", [("D", "a+b")])
    try database("part", [("D", "b"), ("E", "b")])
    #expect(try merge(["part", "whole"], into: "all").superseded == 1)
    let sources = try OperatorStore(path: path("all"), mode: .readOnly).sources()
    #expect(sources.map { [$0.device, $0.sha256] } == [["D", "a+b"], ["E", "b"]])
  }

  @Test func `Rows of the newest importer are taken, whatever arguments the others had`() throws {
    try database("old", [("D", "a")])
    try database("new", [("D", "a")])
    try DatabaseQueue(path: path("old")).write { db in
      try db.execute(
        sql: """
          UPDATE source SET importer_version = importer_version - 1, arguments = 'model=M';
          DELETE FROM sample
          """)
    }
    let outcome = try merge(["old", "new", "old"], into: "all")
    #expect(outcome.sources == 1 && outcome.repeated == 0 && outcome.superseded == 2)
    _ = try merge(["new"], into: "alone")
    #expect(try bytes("all") == bytes("alone"))
  }

  @Test(arguments: [
    ("UPDATE source SET arguments = 'model=M'", "different arguments ('"),
    ("DELETE FROM sample WHERE id = 1", "different rows"),
    ("UPDATE source_fact SET value = 'other'", "different rows"),
    ("UPDATE calibration SET per_token_ns = 5", "different calibrations of one deployment"),
  ])
  func `What two databases hold otherwise is refused`(change: String, words: String) throws {
    for name in ["a", "b"] {
      try database(name, [("D", "1")])
      try OperatorStore(path: path(name), mode: .readWrite).save(calibration("D"))
    }
    try DatabaseQueue(path: path("b")).write { try $0.execute(sql: change) }
    for order in [["a", "b"], ["b", "a"]] {
      let error = #expect(throws: OperatorStoreError.self) { try merge(order, into: "all") }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    #expect(!FileManager.default.fileExists(atPath: path("all")))
    if change.contains("calibration") {
      let left = try OperatorStore.merge(
        [path("a"), path("b")], into: path("all"), keepsCalibrations: false)
      #expect(left?.calibrations == 0)
    }
  }

  @Test func `Calibrations that differ only in the name of their log are one`() throws {
    for name in ["a", "b"] {
      try database(name, [("D", "1")])
      var fit = calibration("D")
      fit.fittedOn = "steps of \(name)"
      try OperatorStore(path: path(name), mode: .readWrite).save(fit)
    }
    #expect(try merge(["b", "a"], into: "all").calibrations == 1)
    let kept = try OperatorStore(path: path("all"), mode: .readOnly)
      .calibration(of: calibration("D").deployment)
    #expect(kept?.fittedOn == "steps of a")
  }

  @Test func `What is no database, newer, or damaged is told, and nothing is written`() throws {
    try shards()
    try Data("a text that is long enough for a header of SQLite".utf8)
      .write(to: URL(filePath: path("text")))
    try FileManager.default.copyItem(atPath: path("a"), toPath: path("newer"))
    try DatabaseQueue(path: path("newer")).write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99: later')")
    }
    var damaged = try bytes("a")
    // Past the schema, so that it opens.
    for page in 12..<damaged.count / 4096 {
      damaged.replaceSubrange(
        4096 * page..<4096 * (page + 1), with: Data(repeating: 0xA5, count: 4096))
    }
    try damaged.write(to: URL(filePath: path("damaged")))
    let cases: [(String, OperatorStoreError)] = [
      ("text", .notADatabase(path: path("text"))), ("none", .missing(path: path("none"))),
      ("newer", .tooNew(path: path("newer"))),
      (
        "damaged",
        .database(path: path("damaged"), problem: "database disk image is malformed")
      ),
    ]
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    for (name, expected) in cases {
      #expect(throws: expected) { try merge(["b", name, "c"], into: "all") }
    }
    #expect(throws: OperatorStoreError.notADatabase(path: path("text"))) {
      try merge(["b"], into: "text")
    }
    let nowhere = path("none/all")
    let error = #expect(throws: OperatorStoreError.self) { try merge(["b"], into: "none/all") }
    #expect(error?.description.hasPrefix("\(nowhere): cannot be written") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
  }

  @Test func `A merge that is told to stop leaves nothing, and what was there stays`() throws {
    try shards()
    try database("all", [("D", "9")])
    let before = try bytes("all")
    var asked = 0
    let outcome = try OperatorStore.merge(["a", "b", "c"].map(path), into: path("all")) {
      asked += 1
      return asked > 4
    }
    #expect(outcome == nil && asked == 5)
    #expect(try bytes("all") == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 4)
  }

  @Test func `A link leads to the database that is replaced`() throws {
    try shards()
    try database("all", [("D", "9")])
    try FileManager.default.createSymbolicLink(
      atPath: path("link"), withDestinationPath: path("all"))
    _ = try merge(["b"], into: "link")
    #expect(try OperatorStore(path: path("all"), mode: .readOnly).sources().count == 2)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("link")) == path("all"))
  }
}
