import Foundation
import GRDB
import Operators
import ProfilerTraces
import Testing

@testable import OperatorStore
@testable import TraceIO

@Suite struct AnnotatedStepTests {
  /// What a row of `step` holds for a Kineto trace of one annotation and one kernel.
  private func row(_ annotation: String) throws -> [Int64?] {
    let trace = try KinetoReader.read(
      bytes: Array(
        """
        [{"ph": "X", "cat": "user_annotation", "name": "\(annotation)", "pid": 1, "tid": 1,
          "ts": 1.000, "dur": 9.000},
         {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1,
          "ts": 2.000, "dur": 1.000, "args": {"correlation": 4}},
         {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7,
          "ts": 20.000, "dur": 0.125, "args": {"correlation": 4}}]
        """.utf8))
    let path = FileManager.default.temporaryDirectory
      .appending(path: "reprise-steps-\(UUID().uuidString).sqlite").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let store = try OperatorStore(path: path, mode: .readWrite)
    _ = try store.add(trace, device: "D")
    #expect(try store.steps(device: "D").isEmpty)
    return try store.queue.read { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT kernels, kernel_ns, prefill_sequences, prefill_tokens, prefill_pairs,
            prefill_context, decode_sequences, decode_context, longest_decode_context,
            sampled_sequences
          FROM step WHERE origin = 'annotation' AND start_ns = 1000 AND duration_ns = 9000
          """)
      return try #require(row).databaseValues.map { Int64.fromDatabaseValue($0) }
    }
  }

  @Test(
    "a row has what the annotation tells, and NULL for what it does not",
    arguments: [
      (
        "execute_6_context_1(sq5sk8sqsq25sqsk40)_generation_1(sq1sk12sqsq1sqsk12)",
        [1, 125, 1, 5, 30, 8, 1, 12, 12, nil]
      ),
      ("step[DECODE bs=2 g_sq=2 g_sqsq=2 g_sqsk=30 g_sk=30]", [1, 125, 0, 0, 0, 0, 2, 30, nil, 2]),
      ("execute_context_1(888)_generation_3(3)", [1, 125, 1, 888, nil, nil, 3, nil, nil, nil]),
      ("ProfilerStep#6", [1, 125] + [Int64?](repeating: nil, count: 8)),
    ] as [(String, [Int64?])])
  func columns(annotation: String, expected: [Int64?]) throws {
    #expect(try row(annotation) == expected)
  }
}
