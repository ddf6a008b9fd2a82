import Foundation
import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite("Databases of AMD's profilers")
struct RocmDatabaseTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func make(_ sql: String) throws -> String {
    let path = folder.path + "/\(UUID()).db"
    try TestDatabase.make(sql, at: path)
    return path
  }

  // MARK: rocmProfileData

  private static let rpd = """
    CREATE TABLE rocpd_string (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, string varchar(4096));
    CREATE TABLE rocpd_op (id integer NOT NULL PRIMARY KEY, gpuId integer, queueId integer,
      sequenceId integer, completionSignal varchar(18), start integer, end integer,
      description_id integer, opType_id integer);
    CREATE TABLE rocpd_api (id integer NOT NULL PRIMARY KEY, pid integer, tid integer,
      start integer, end integer, apiName_id integer, args_id integer);
    CREATE TABLE rocpd_api_ops (id integer PRIMARY KEY, api_id integer, op_id integer);
    CREATE TABLE rocpd_kernelapi (api_ptr_id integer PRIMARY KEY, kernelName_id integer);
    CREATE TABLE rocpd_metadata (id integer PRIMARY KEY, tag varchar(4096), value varchar(4096));
    CREATE TABLE ext_autogradapi (api_ptr_id integer PRIMARY KEY, autogradName_id integer,
      seq integer, op_id integer, sizes varchar(4096), input_op_ids varchar(4096));
    CREATE VIEW op AS WITH RECURSIVE c(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM c)
      SELECT a FROM c;
    INSERT INTO rocpd_string VALUES (1, ''), (2, 'KernelExecution'), (3, 'CopyHostToDevice'),
      (4, 'Task'), (5, 'Barrier'), (10, 'Cijk_gemm'), (11, 'norm_kernel'), (20, 'hipLaunchKernel'),
      (21, 'hipGraphLaunch'), (22, 'UserMarker'), (23, 'hipMemcpyAsync'), (30, 'aten::mm'),
      (31, 'aten::matmul'), (32, 'execute_model'), (33, 'my range');
    INSERT INTO rocpd_metadata VALUES (1, 'schema_version', '2'), (2, 'other', 'x');
    INSERT INTO rocpd_api VALUES (1, 7, 7, 100, 900, 22, 31), (2, 7, 7, 200, 300, 22, 30),
      (3, 7, 7, 210, 220, 20, 1), (4, 7, 7, 50, 2000, 22, 32), (5, 7, 7, 1000, 1100, 22, 33),
      (6, 7, 7, 1010, 1020, 20, 1), (7, 7, 7, 1200, 1210, 21, 1), (8, 7, 7, 500, 510, 23, 1),
      (9, 7, 7, 1300, 1310, 20, 1);
    INSERT INTO ext_autogradapi VALUES (1, 31, 0, 1, '[[4, 16], [16, 8]]', ''), (2, 30, 0, 2, '', '');
    INSERT INTO rocpd_op VALUES (1, 2, 0, 0, '', 5000, 5100, 10, 2), (2, 2, 0, 0, '', 5200, 5230, 1, 2),
      (3, 2, 0, 0, '', 5300, 5310, 11, 4), (4, 2, 0, 0, '', 5400, 5405, 11, 4),
      (5, 2, 0, 0, '', 5500, 5520, 1, 3), (6, 2, 0, 0, '', 5600, 5600, 1, 5),
      (7, 2, 0, 0, '', 5700, 5707, 11, 2);
    INSERT INTO rocpd_api_ops VALUES (1, 3, 1), (2, 6, 2), (3, 7, 3), (4, 7, 4), (5, 8, 5), (6, 9, 7);
    INSERT INTO rocpd_kernelapi VALUES (6, 11);
    """

  @Test func `a call and what it launched are tied by a table of their own`() throws {
    let path = try make(Self.rpd)
    #expect(try TraceFormat.detect(path: path) == .rpd)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(
      trace.kernelLines.sorted() == [
        "aten::matmul|Cijk_gemm|1|100", "aten::matmul|CopyHostToDevice|1|20",
        "my range|norm_kernel|1|30", "norm_kernel|norm_kernel|1|7",
      ])
    #expect(trace.coverage[.ancestor].count == 1)
    #expect(trace.coverage[.graph] == Tally(count: 2, nanoseconds: 15))
    let product = try #require(trace.samples.first { $0.label.hasPrefix("aten::matmul") })
    #expect(product.operator.kind == .gemm)
    #expect(trace.steps.map(\.name) == ["execute_model"])
    #expect(trace.ownFacts == ["rocpd_schema_version": "2"])
  }

  @Test(
    "a table with more rows than may be kept is refused, not cut",
    arguments: [
      "rocpd_api_ops (api_id, op_id) SELECT a", "ext_autogradapi (api_ptr_id) SELECT a + 9",
    ])
  func overflow(table: String) throws {
    let path = try make(
      Self.rpd + """
        WITH RECURSIVE c(a) AS (SELECT 10 UNION ALL SELECT a + 1 FROM c WHERE a < 100)
          INSERT INTO \(table)\(table.hasPrefix("rocpd") ? ", a" : "") FROM c;
        """)
    var options = ImportOptions.standard
    options.maximumEvents = 50
    #expect(throws: ProfilerTraceError.tooManyEvents(path: path, limit: 50)) {
      try TraceReader.read(path: path, options: options)
    }
  }

  @Test(.needsSharedData)
  func `every eager kernel of a real run is under the operator that SQL finds`() throws {
    let packed = SharedData.path("traces/rocm/mytrace.rpd.gz")
    let trace = try #require(try TraceReader.read(path: packed).first)
    let plain = folder.path + "/plain.rpd"
    try #require(FileManager.default.createFile(atPath: plain, contents: nil))
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", packed]
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: plain))
    try process.run()
    process.waitUntilExit()
    let expected = try TestDatabase.query(
      """
      SELECT operator, kernel, count(*), sum(ns) FROM (SELECT (SELECT n.string
          FROM ext_autogradapi e JOIN rocpd_api a ON a.id = e.api_ptr_id
          JOIN rocpd_string n ON n.id = e.autogradName_id
          WHERE a.tid = l.tid AND a.start <= l.start AND a.end > l.start
          ORDER BY a.start DESC, a.end LIMIT 1) AS operator,
        k.string AS kernel, o.end - o.start AS ns
        FROM rocpd_op o JOIN rocpd_string t ON t.id = o.opType_id AND t.string = 'KernelExecution'
        JOIN rocpd_string k ON k.id = o.description_id
        JOIN rocpd_api_ops ao ON ao.op_id = o.id JOIN rocpd_api l ON l.id = ao.api_id)
      WHERE operator IS NOT NULL GROUP BY 1, 2
      """, plain)
    let lines = trace.kernelLines.filter { !$0.contains("|Copy") }
    #expect(lines.sorted() == expected.sorted())
    let counts = lines.compactMap { Int($0.split(separator: "|").dropLast().last ?? "") }
    #expect(counts.reduce(0, +) == 1228)
    // 20 graph launches of 386 tasks and 32 copies each.
    #expect(trace.coverage[.graph].count == 7720 + 640)
    #expect(trace.coverage[.withoutShape].count == 1228 + 536)
    #expect(trace.coverage.rejectedRecords == 0)
  }

  // MARK: rocprofv3

  private static let id = "_00006409_00d1_70d1_a5cb_b5ab88214544"

  /// What both schemas share; `{{id}}` is the run's own ending of each name.
  private static let shared = """
    CREATE TABLE "rocpd_metadata{{id}}" (id INTEGER PRIMARY KEY, tag TEXT, value TEXT);
    CREATE TABLE "rocpd_string{{id}}" (id INTEGER NOT NULL PRIMARY KEY, guid TEXT, string TEXT);
    CREATE TABLE "rocpd_info_agent{{id}}" (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER,
      type TEXT, name TEXT, model_name TEXT, product_name TEXT);
    CREATE TABLE "rocpd_info_kernel_symbol{{id}}" (id INTEGER PRIMARY KEY, kernel_name TEXT,
      display_name TEXT);
    CREATE TABLE "rocpd_event{{id}}" (id INTEGER PRIMARY KEY, category_id INTEGER,
      stack_id INTEGER, parent_stack_id INTEGER, correlation_id INTEGER, extdata JSONB);
    CREATE VIEW rocpd_string AS SELECT * FROM "rocpd_string{{id}}";
    INSERT INTO "rocpd_string{{id}}" VALUES (1, '', 'HIP_RUNTIME_API_EXT'), (2, '', 'MARKER_CORE_RANGE_API'),
      (3, '', 'KERNEL_DISPATCH'), (4, '', 'hipLaunchKernel'), (5, '', 'roctxRangePushA'),
      (6, '', 'aten::mm, seq = 1, op_id = 2, sizes = [[4, 16], [16, 8]]'),
      (7, '', 'MEMORY_COPY_HOST_TO_DEVICE'), (8, '', 'hipMalloc'), (9, '', 'hipMemcpyAsync');
    INSERT INTO "rocpd_info_agent{{id}}" VALUES (0, 1, 1, 'CPU', 'AMD EPYC', '', 'AMD EPYC'),
      (2, 1, 1, 'GPU', 'gfx950', '', 'AMD Instinct MI350X');
    INSERT INTO "rocpd_info_kernel_symbol{{id}}" VALUES (11, '_Z4gemm.kd', 'gemm(float*)'),
      (12, 'copy.kd', '');
    INSERT INTO "rocpd_event{{id}}" VALUES (1, 2, 100, 0, 0, '{"message":"roctxRangePushA"}'),
      (2, 1, 7, 0, 0, '{}'), (3, 3, 7, 7, 0, '{}'), (4, 2, 101, 0, 0, '{"a":[1],"message":"my range"}'),
      (5, 1, 8, 0, 0, '{}'), (6, 3, 8, 8, 0, '{}'), (7, 1, 9, 0, 0, '{}'), (8, 3, 10, 10, 0, '{}'),
      (9, 3, 11, 0, 0, '{}'), (10, 1, 12, 0, 0, '{}');
    """

  /// Schema 3: the times stand in the records.
  private static let third = """
    INSERT INTO "rocpd_metadata{{id}}" VALUES (1, 'schema_version', '3');
    CREATE TABLE "rocpd_kernel_dispatch{{id}}" (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER,
      tid INTEGER, agent_id INTEGER, kernel_id INTEGER, dispatch_id INTEGER, queue_id INTEGER,
      stream_id INTEGER, start BIGINT, end BIGINT, event_id INTEGER);
    CREATE TABLE "rocpd_memory_copy{{id}}" (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER,
      tid INTEGER, start BIGINT, end BIGINT, name_id INTEGER, dst_agent_id INTEGER, size INTEGER,
      stream_id INTEGER, event_id INTEGER);
    CREATE TABLE "rocpd_region{{id}}" (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER,
      tid INTEGER, start BIGINT, end BIGINT, name_id INTEGER, event_id INTEGER);
    INSERT INTO "rocpd_region{{id}}" VALUES (1, 1, 70, 71, 100, 300, 6, 1), (2, 1, 70, 71, 200, 210, 4, 2),
      (3, 1, 70, 71, 400, 600, 5, 4), (4, 1, 70, 71, 500, 510, 4, 5), (5, 1, 70, 71, 700, 710, 8, 7),
      (6, 1, 70, 71, 520, 530, 9, 10);
    INSERT INTO "rocpd_kernel_dispatch{{id}}" VALUES (1, 1, 70, 71, 2, 11, 1, 1, 0, 1000, 1100, 3),
      (2, 1, 70, 71, 2, 12, 2, 1, 0, 1200, 1230, 6), (3, 1, 70, 71, 2, 12, 3, 1, 0, 1300, 1307, 8);
    INSERT INTO "rocpd_memory_copy{{id}}" VALUES (1, 1, 70, 71, 1400, 1420, 7, 2, 64, 0, 10);
    """

  /// Schema 4: the times, and where something happened, stand in tables of their own.
  private static let fourth = """
    INSERT INTO "rocpd_metadata{{id}}" VALUES (1, 'schema_version', '4.0.0');
    CREATE TABLE "rocpd_timestamp{{id}}" (id INTEGER PRIMARY KEY, value BIGINT, phase INTEGER,
      track_id INTEGER);
    CREATE TABLE "rocpd_track{{id}}" (id INTEGER PRIMARY KEY, nid INTEGER, ppid INTEGER,
      pid INTEGER, tid INTEGER, agent_id INTEGER, queue_id INTEGER, stream_id INTEGER,
      name_id INTEGER);
    CREATE TABLE "rocpd_kernel_dispatch{{id}}" (id INTEGER PRIMARY KEY, track_id INTEGER,
      kernel_id INTEGER, dispatch_id INTEGER, start_id INTEGER, end_id INTEGER, event_id INTEGER);
    CREATE TABLE "rocpd_memory_copy{{id}}" (id INTEGER PRIMARY KEY, track_id INTEGER,
      start_id INTEGER, end_id INTEGER, name_id INTEGER, dst_agent_id INTEGER, size INTEGER,
      event_id INTEGER);
    CREATE TABLE "rocpd_region{{id}}" (id INTEGER PRIMARY KEY, track_id INTEGER, name_id INTEGER,
      start_id INTEGER, end_id INTEGER, event_id INTEGER);
    INSERT INTO "rocpd_track{{id}}" VALUES (1, 1, 0, 70, 71, NULL, NULL, NULL, NULL),
      (2, 1, 0, 70, 71, 2, 1, 0, NULL);
    INSERT INTO "rocpd_timestamp{{id}}" VALUES (1, 1000, 1, 2), (2, 1100, 2, 2), (3, 100, 1, 1),
      (4, 300, 2, 1), (5, 200, 1, 1), (6, 210, 2, 1), (7, 400, 1, 1), (8, 600, 2, 1), (9, 500, 1, 1),
      (10, 510, 2, 1), (11, 1200, 1, 2), (12, 1230, 2, 2), (13, 1300, 1, 2), (14, 1307, 2, 2),
      (15, 1400, 1, 2), (16, 1420, 2, 2), (17, 520, 1, 1), (18, 530, 2, 1);
    INSERT INTO "rocpd_region{{id}}" VALUES (1, 1, 6, 3, 4, 1), (2, 1, 4, 5, 6, 2),
      (3, 1, 5, 7, 8, 4), (4, 1, 4, 9, 10, 5), (6, 1, 9, 17, 18, 10);
    INSERT INTO "rocpd_kernel_dispatch{{id}}" VALUES (1, 2, 11, 1, 1, 2, 3), (2, 2, 12, 2, 11, 12, 6),
      (3, 2, 12, 3, 13, 14, 8);
    INSERT INTO "rocpd_memory_copy{{id}}" VALUES (1, 2, 15, 16, 7, 2, 64, 10);
    """

  private static func sql(_ schema: Int, id: String = id) -> String {
    (shared + (schema == 3 ? third : fourth)).replacingOccurrences(of: "{{id}}", with: id)
  }

  @Test(arguments: [3, 4])
  func `dispatches belong to the marked range around the call of the same stack`(
    schema: Int
  ) throws {
    let path = try make(Self.sql(schema))
    #expect(try TraceFormat.detect(path: path) == .rocpd)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(
      trace.kernelLines.sorted() == [
        "aten::mm|gemm(float*)|1|100", "my range|MEMORY_COPY_HOST_TO_DEVICE|1|20",
        "my range|copy.kd|1|30",
      ])
    #expect(trace.coverage[.correlation] == Tally(count: 1, nanoseconds: 100))
    #expect(trace.coverage[.withoutShape] == Tally(count: 2, nanoseconds: 50))
    #expect(trace.coverage[.clipped] == Tally(count: 1, nanoseconds: 7))
    #expect(trace.deviceName == "AMD Instinct MI350X")
    #expect(trace.ownFacts == ["rocpd_schema_version": schema == 3 ? "3" : "4.0.0"])
    #expect(trace.coverage.rejectedRecords == 0)
  }

  @Test func `correlations of several runs in one file are kept apart`() throws {
    let path = try make(
      (Self.sql(3) + Self.sql(4, id: "_11116409_00d1_70d1_a5cb_b5ab88214544"))
        .replacingOccurrences(
          of: "CREATE VIEW rocpd_string ", with: "CREATE VIEW IF NOT EXISTS rocpd_string "))
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage[.correlation] == Tally(count: 2, nanoseconds: 200))
    #expect(trace.coverage[.withoutShape].count == 4)
    #expect(trace.coverage.ambiguousLaunches == 0)
  }

  @Test func `without regions every kernel goes by its name`() throws {
    let path = try make(Self.sql(3) + "DROP TABLE \"rocpd_region\(Self.id)\";")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage[.kernelName].count == 4)
    #expect(trace.samples.map(\.operator.kind).contains(.opaque("gemm(float*)")))
  }

  @Test(arguments: ["_g", "_1; DROP TABLE x", "\"", "__é"])
  func `a table whose name ends in anything but an identifier is not read`(ending: String) throws {
    let path = try make(
      Self.sql(3, id: ending.replacingOccurrences(of: "\"", with: "\"\"")))
    #expect(throws: ProfilerTraceError.self) { try TraceFormat.detect(path: path) }
  }

  @Test(arguments: [2, 3, 4])
  func `a damaged database is imported or refused in one line`(schema: Int) throws {
    try TestDatabase.damage(
      try make(schema == 2 ? Self.rpd : Self.sql(schema)), rounds: 120)
  }
}
