import Foundation
import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite("The SQLite export of Nsight Systems")
struct NsightSystemsTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// Two processes that use the same correlations; the times are nanoseconds.
  private static let small = """
    CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE META_DATA_EXPORT (name TEXT, value TEXT);
    CREATE TABLE META_DATA_CAPTURE (name TEXT, value TEXT);
    CREATE TABLE TARGET_INFO_GPU (id INTEGER, name TEXT, cuDevice INTEGER);
    CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER);
    CREATE TABLE TARGET_INFO_SYSTEM_ENV (name TEXT, value TEXT);
    CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, end INTEGER NOT NULL,
      deviceId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER,
      demangledName INTEGER, shortName INTEGER, mangledName INTEGER, graphNodeId INTEGER);
    CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY (start INTEGER, end INTEGER, deviceId INTEGER,
      streamId INTEGER, correlationId INTEGER, globalPid INTEGER, bytes INTEGER,
      copyKind INTEGER);
    CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, end INTEGER, eventClass INTEGER,
      globalTid INTEGER, correlationId INTEGER, nameId INTEGER, returnValue INTEGER);
    CREATE TABLE NVTX_EVENTS (start INTEGER NOT NULL, end INTEGER, eventType INTEGER,
      globalTid INTEGER, text TEXT, textId INTEGER, domainId INTEGER);
    INSERT INTO StringIds VALUES (1, 'nvjet_tst_128x64_kernel'), (2, 'other_kernel'), (3, 'cudaLaunchKernel_v7000'),
      (4, 'cudaGraphLaunch_v10000'), (5, 'aten::add, seq = 3, op_id = 9, sizes = [[4, 8], [4, 8]]');
    INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_SCHEMA_VERSION', '3.25.0'),
      ('EXPORT_PRODUCT_VERSION', '2026.2.1'), ('EXPORT_USER', 'somebody'), ('EXPORT_HOST', 'there');
    INSERT INTO META_DATA_CAPTURE VALUES ('CUDA_GRAPH_TRACE_OPTIONS:MODE', 'Node'),
      ('PROCESS_0:ENVIRONMENT_VARIABLE', 'SECRET=1');
    INSERT INTO TARGET_INFO_GPU VALUES (0, 'NVIDIA H100', 0);
    INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES (1700000000000000000);
    INSERT INTO TARGET_INFO_SYSTEM_ENV VALUES ('CudaDriverVersion', '13000'), ('Hostname', 'there');
    -- Process 1 is 0x1000001, its thread 1 is 0x1000001 + thread; process 2 likewise.
    INSERT INTO NVTX_EVENTS VALUES
      (100, 900, 59, 0x01000005, 'aten::linear, op_id = 1, sizes = [[4, 16], [8, 16]]', NULL, 0),
      (200, 300, 59, 0x01000005, 'aten::mm, op_id = 2, sizes = [[4, 16], [16, 8]], input_op_ids = [(1,0)]', NULL, 0),
      (400, 500, 59, 0x01000005, 'plain', NULL, 0),
      (200, 300, 59, 0x02000005, NULL, 5, 0),
      (50, 2000, 59, 0x02000005, 'execute_context_1(8)_generation_2(2)', NULL, 0),
      (200, 300, 60, 0x01000005, 'start and end', NULL, 0),
      (0, NULL, 75, 0x01000005, 'domain', NULL, 0);
    INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES
      (210, 220, 0, 0x01000005, 1, 3, 0), (210, 220, 0, 0x02000005, 1, 3, 0),
      (410, 420, 0, 0x01000005, 2, 3, 0), (1000, 1010, 0, 0x01000005, 3, 4, 0),
      (1100, 1110, 0, 0x02000005, 4, 3, 0), (430, 440, 0, 0x01000005, 6, 3, 0);
    INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES
      (1000, 1100, 0, 7, 1, 0x01000000, 1, 1, NULL, NULL),
      (1000, 1040, 0, 7, 1, 0x02000000, 2, 2, NULL, NULL),
      (1200, 1230, 0, 7, 2, 0x01000000, 1, 1, NULL, NULL),
      (1300, 1400, 0, 7, 3, 0x01000000, 1, 1, NULL, 77),
      (1500, 1505, 0, 7, 4, 0x02000000, 2, 2, NULL, NULL),
      (1600, 1610, 0, 7, 4, 0x01000000, 2, 2, NULL, NULL),
      (1700, 1690, 0, 7, 2, 0x01000000, 2, 2, NULL, NULL);
    INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (1240, 1250, 0, 7, 6, 0x01000000, 64, 1);
    """

  private func small(_ extra: String = "") throws -> String {
    let path = folder.path + "/\(UUID()).sqlite"
    try TestDatabase.make(Self.small + extra, at: path)
    return path
  }

  @Test func `a kernel belongs to the innermost range around its launch in its own process`() throws
  {
    let path = try small()
    #expect(try TraceFormat.detect(path: path) == .nsightSystems)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(
      trace.kernelLines.sorted() == [
        "aten::add|other_kernel|1|40", "aten::linear|Memcpy HtoD|1|10",
        "aten::linear|nvjet_tst_128x64_kernel|1|30", "aten::mm|nvjet_tst_128x64_kernel|1|100",
        "other_kernel|other_kernel|1|5",
      ])
    #expect(trace.coverage[.correlation] == Tally(count: 2, nanoseconds: 140))
    #expect(trace.coverage[.ancestor] == Tally(count: 2, nanoseconds: 40))
    #expect(trace.coverage[.graph] == Tally(count: 1, nanoseconds: 100))
    #expect(trace.coverage[.kernelName] == Tally(count: 1, nanoseconds: 5))
    // Correlation 4 exists in the other process only.
    #expect(trace.coverage[.clipped] == Tally(count: 1, nanoseconds: 10))
    #expect(trace.coverage.rejected(.negativeDuration) == 1)
    #expect(trace.coverage.ambiguousLaunches == 0)
  }

  @Test func `shapes come from the text of the range`() throws {
    let trace = try #require(try TraceReader.read(path: try small()).first)
    let mm = try #require(trace.samples.first { $0.label.hasPrefix("aten::mm") })
    #expect(mm.operator == Operator(.gemm, dataType: .bfloat16, ["n": 8, "k": 16]))
    #expect(mm.point == AxisPoint(4))
    #expect(mm.label == "aten::mm [[4,16],[16,8]]")
    let lone = try #require(trace.samples.first { $0.label == "other_kernel" })
    #expect(lone.operator.kind == .opaque("other_kernel"))
  }

  @Test func `steps, device and versions are kept, and nothing private`() throws {
    let trace = try #require(try TraceReader.read(path: try small()).first)
    #expect(trace.deviceName == "NVIDIA H100")
    #expect(trace.runtime == RuntimeDescription(framework: "PyTorch", version: "CUDA driver 13.0"))
    #expect(
      trace.ownFacts == [
        "nsys_schema_version": "3.25.0", "nsys_version": "2026.2.1", "cuda_graph_trace": "Node",
        "cuda_driver_version": "13000", "overlapping_kernels": "1", "overlapping_ns": "40",
      ])
    #expect(trace.steps.count == 1)
    #expect(trace.steps.first?.start == 1_700_000_000_000_000_050)
    #expect(trace.steps.first?.batch?.contextTokens == 8)
  }

  @Test func `a kernel can be found again by its row`() throws {
    let trace = try #require(try TraceReader.read(path: try small()).first)
    let mm = try #require(trace.groups.first { $0.name == "aten::mm" })
    #expect(mm.kernels[0].events == [KernelEvent(place: SourcePlace(offset: 1), duration: 100)])
  }

  @Test(
    "any table but that of the strings may be missing",
    arguments: [
      "NVTX_EVENTS", "CUPTI_ACTIVITY_KIND_RUNTIME", "CUPTI_ACTIVITY_KIND_MEMCPY",
      "TARGET_INFO_GPU", "META_DATA_EXPORT", "TARGET_INFO_SYSTEM_ENV",
    ])
  func missing(table: String) throws {
    let trace = try #require(try TraceReader.read(path: try small("DROP TABLE \(table);")).first)
    #expect(trace.coverage.total.count == (table == "CUPTI_ACTIVITY_KIND_MEMCPY" ? 6 : 7))
    let lone = table == "NVTX_EVENTS" ? 5 : table == "CUPTI_ACTIVITY_KIND_RUNTIME" ? 7 : 1
    #expect(trace.coverage[.kernelName].count == lone)
  }

  @Test func `a view in the place of a table is not read`() throws {
    let path = try small(
      """
      DROP TABLE NVTX_EVENTS;
      CREATE VIEW NVTX_EVENTS AS WITH RECURSIVE c(start) AS
        (SELECT 1 UNION ALL SELECT start + 1 FROM c) SELECT start FROM c;
      """)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage[.kernelName].count == 5)
  }

  @Test func `graphs traced as a whole are reported`() throws {
    let path = try small(
      """
      DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL;
      DELETE FROM CUPTI_ACTIVITY_KIND_MEMCPY;
      CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE (start INTEGER, end INTEGER, deviceId INTEGER,
        graphId INTEGER, graphExecId INTEGER, correlationId INTEGER, globalPid INTEGER);
      INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES (1000, 1500, 0, 1, 2, 3, 0x01000000);
      """)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.samples.isEmpty)
    #expect(trace.coverage[.graph] == Tally(count: 1, nanoseconds: 500))
    #expect(trace.facts["graph_launches_without_kernels"] == "1")
    #expect(trace.facts["resolution_ns"] == "1")
  }

  @Test func `without anything on a device there is nothing to import`() throws {
    let path = try small(
      "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL; DELETE FROM CUPTI_ACTIVITY_KIND_MEMCPY;")
    #expect(throws: ProfilerTraceError.noEvents(path: path)) { try TraceReader.read(path: path) }
  }

  @Test func `a damaged database is imported or refused in one line`() throws {
    try TestDatabase.damage(try small(), rounds: 200)
  }

  // MARK: Real exports

  private static let h100 = SharedData.path("traces/nsys/h100_2gpu_1s.sqlite")

  @Test(.needsSharedData)
  func `every kernel of a run on two H100 is where SQL finds it`() throws {
    let trace = try #require(try TraceReader.read(path: Self.h100).first)
    // The process is part of the join; the innermost range is the latest that has not ended.
    let expected = try TestDatabase.query(
      """
      SELECT CASE WHEN instr(text, ', op_id') > 0 THEN substr(text, 1, instr(text, ', op_id') - 1)
          ELSE text END AS name, kernel, count(*), sum(ns)
        FROM (SELECT (SELECT n.text FROM NVTX_EVENTS n WHERE n.eventType = 59
            AND n.globalTid = r.globalTid AND n.start <= r.start AND n.end > r.start
            ORDER BY n.start DESC, n.end LIMIT 1) AS text, s.value AS kernel, k.end - k.start AS ns
          FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUPTI_ACTIVITY_KIND_RUNTIME r
            ON r.correlationId = k.correlationId AND (r.globalTid & ~0xFFFFFF) = k.globalPid
          JOIN StringIds s ON s.id = k.demangledName)
        WHERE text IS NOT NULL GROUP BY 1, 2
      """, Self.h100)
    let lines = trace.kernelLines.filter { !$0.contains("|Mem") }
    #expect(lines.sorted() == expected.sorted())
    let projected = lines.compactMap { Int($0.split(separator: "|").dropLast().last ?? "") }
    #expect(projected.reduce(0, +) == 1632)
    let kernels = try TestDatabase.query(
      "SELECT count(*), (SELECT count(*) FROM CUPTI_ACTIVITY_KIND_MEMCPY), (SELECT count(*) FROM "
        + "CUPTI_ACTIVITY_KIND_MEMSET) FROM CUPTI_ACTIVITY_KIND_KERNEL", Self.h100)
    #expect(kernels == ["3442|904|22"])
    #expect(trace.coverage.total.count == 3442 + 904 + 22)
    #expect(trace.deviceName == nil)
  }

  @Test(.needsSharedData)
  func `an export of 2022 without PyTorch has its own ranges, and copies by their names`() throws {
    let path = SharedData.path("traces/nsys/saxpy-mpi-cuda_nsys_perlmutter0.sqlite")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.facts["nsys_schema_version"] == "2.9.1")
    #expect(trace.deviceName == "NVIDIA A100-SXM4-40GB")
    let total = try TestDatabase.query(
      "SELECT count(*), sum(end - start) FROM CUPTI_ACTIVITY_KIND_KERNEL", path)
    let used = trace.coverage[.withoutShape]
    #expect(["\(used.count)|\(used.nanoseconds)"] == total)
    #expect(trace.coverage[.kernelName].count == 15)
    #expect(trace.runtime.framework == nil)
  }
}
