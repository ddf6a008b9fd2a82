import Foundation
import GRDB
import Operators
import TestSupport
import Testing

@testable import OperatorStore
@testable import ProfilerTraces
@testable import TraceIO

/// Many curves are read on two connections, which see what one sees.
@Suite struct SampleReadingTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// Makes a database of so many curves, of one to nine samples each.
  private func database(_ name: String, curves: Int, slower: Double) throws -> OperatorStore {
    var random = RandomStream(seed: 5, name: "curves")
    var trace = ImportedTrace(
      format: .sweep,
      inputs: [
        InputSummary(
          path: "x", compression: .none, sha256: "\(slower)", storedBytes: 10, textBytes: 10)
      ])
    for curve in 1...curves {
      for size in 1...Int.random(in: 1...9, using: &random) {
        trace.samples.append(
          OperatorSample(
            Operator(.gemm, dataType: .bfloat16, ["n": curve, "k": 16]), at: AxisPoint(size),
            label: "",
            duration: DurationStatistics(mean: 1000 * slower * random.uniform(), count: 2)))
      }
    }
    let store = try OperatorStore(path: folder.path(name), mode: .readWrite)
    _ = try store.add(trace, device: "D")
    return store
  }

  /// What SQLite itself says of every sample, in no order.
  private func told(_ store: OperatorStore) throws -> Set<String> {
    try store.read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT attributes, axis0, median_ns FROM sample JOIN curve ON curve.id = curve_id
          """)
      return Set(rows.map { "\($0[0] as String) \($0[1] as Int) \($0[2] as Double)" })
    }
  }

  private func read(_ store: OperatorStore) throws -> Set<String> {
    let curves = try store.curves(device: "D")
    let texts = curves.flatMap { curve in
      curve.samples.map {
        "\(curve.operator.canonicalAttributes) \($0.point[0]) \($0.duration.median)"
      }
    }
    #expect(texts.count == Set(texts).count)
    return Set(texts)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `Every sample is read once`(journal: String) throws {
    let store = try database("lat.sqlite", curves: 1000, slower: 1)
    _ = try store.queue.inDatabase {
      try String.fetchOne($0, sql: "PRAGMA journal_mode = \(journal)")
    }
    #expect(try read(store) == told(store))
  }

  @Test func `A file that took the place of the one that is open is not read`() throws {
    let store = try database("lat.sqlite", curves: 1000, slower: 1)
    let told = try told(store)
    _ = try database("other.sqlite", curves: 1000, slower: 7)
    try FileManager.default.removeItem(atPath: folder.path("lat.sqlite"))
    try FileManager.default.moveItem(
      atPath: folder.path("other.sqlite"), toPath: folder.path("lat.sqlite"))
    #expect(try read(store) == told)
    #expect(try read(OperatorStore(path: folder.path("lat.sqlite"), mode: .readOnly)) != told)
  }
}
