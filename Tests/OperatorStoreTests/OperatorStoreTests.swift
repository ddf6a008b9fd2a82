import Foundation
import Operators
import Testing

@testable import OperatorStore

@Suite struct OperatorStoreTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "reprise-store-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  @Test func `The schema in TraceSchemas is the schema in the code`() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "TraceSchemas/operator-latency.sql")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.trimmingCharacters(in: .newlines) == Schema.version1)
  }

  @Test func `A missing database is an error to read and is made to write`() throws {
    let path = folder.appending(path: "new.sqlite").path
    #expect(throws: OperatorStoreError.missing(path: path)) {
      try OperatorStore(path: path, mode: .readOnly)
    }
    let made = try OperatorStore(path: path, mode: .readWrite)
    #expect(try made.deviceNames() == [])
    for view in OperatorStore.View.allCases {
      #expect(try made.rows(ofView: view).rows.isEmpty)
    }
  }

  @Test(arguments: ["not a database, only some text that is long enough for a header", "{}"])
  func `Another file is refused and stays as it was`(text: String) throws {
    let path = folder.appending(path: "other").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: OperatorStoreError.notADatabase(path: path)) {
      try OperatorStore(path: path, mode: .readWrite)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test func `A calibration is kept, and replaced by a later one`() throws {
    let store = try OperatorStore(
      path: folder.appending(path: "c.sqlite").path, mode: .readWrite)
    let deployment = StoredCalibration.Deployment(
      device: "D", model: "M", dataType: .bfloat16, tensorParallel: 1)
    #expect(try store.calibration(of: deployment) == nil)
    for perStep in [1.0, 2.0] {
      let calibration = StoredCalibration(
        deployment: deployment, fittedOn: "steps", steps: 7, deviceScale: 1.1, perStep: perStep,
        perSequence: 3, perToken: 4, errorBefore: 0.2, errorHeldOut: 0.1)
      try store.save(calibration)
      #expect(try store.calibration(of: deployment) == calibration)
    }
  }
}
