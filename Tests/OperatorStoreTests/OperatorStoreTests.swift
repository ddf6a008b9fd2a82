import Foundation
import GRDB
import Operators
import TestSupport
import Testing

@testable import OperatorStore
@testable import ProfilerTraces
@testable import TraceIO

@Suite struct OperatorStoreTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test func `The schema in TraceSchemas is the schema in the code`() throws {
    let file = Checkout.url("TraceSchemas/operator-latency.sql")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text == Schema.current)
    let store = try OperatorStore(path: folder.path("s.sqlite"), mode: .readWrite)
    let migrated = try DatabaseQueue()
    try OperatorStore.migrator.migrate(migrated)
    func facts(_ queue: DatabaseQueue) throws -> [String] {
      try queue.read { db in
        var facts = try String.fetchAll(
          db,
          sql: """
            SELECT m.type || ' ' || m.name || ' ' || coalesce(c.cid || ' ' || c.name || ' ' || c.type
              || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk, m.sql, '')
            FROM sqlite_master AS m LEFT JOIN pragma_table_info(m.name) AS c ON m.type <> 'index'
            ORDER BY m.type, m.name, c.cid
            """)
        // Without what is no column: row ids and strict types, indices, references, and the views' text.
        for question in [
          "SELECT name || type || wr || strict FROM pragma_table_list WHERE schema = 'main'",
          """
          SELECT m.name || ' ' || i.name || i."unique" || i.origin || ' ' || c.seqno || c.name
          FROM sqlite_master AS m, pragma_index_list(m.name) AS i, pragma_index_info(i.name) AS c
          WHERE m.type = 'table'
          """,
          """
          SELECT m.name || f.id || f.seq || f."table" || f."from" || f."to" || f.on_delete
          FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
          """, "SELECT name || sql FROM sqlite_master WHERE type = 'view'",
          "SELECT identifier FROM grdb_migrations",
        ] {
          facts += try String.fetchAll(db, sql: question).sorted()
        }
        return facts
      }
    }
    #expect(try facts(migrated) == facts(store.queue))
    // Checks are no facts that SQLite tells: those of tables that a migration changed are tried.
    for queue in [migrated, store.queue] {
      #expect(throws: DatabaseError.self) {
        try queue.write { db in
          try db.execute(
            sql: """
              INSERT INTO calibration (device, model, data_type, tensor_parallel, fitted_on, steps,
                device_scale, per_step_ns, per_sequence_ns, per_token_ns, error_before,
                error_held_out, pads_to_graphs) VALUES ('', '', '', 1, '', 1, 1, 1, 1, 1, 1, 1, 2)
              """)
        }
      }
    }
  }

  @Test func `Parts of one file are sources of their own`() throws {
    let store = try OperatorStore(path: folder.path("p.sqlite"), mode: .readWrite)
    var trace = ImportedTrace(
      format: .splitwise,
      inputs: [
        InputSummary(path: "f", compression: .none, sha256: "a", storedBytes: 1, textBytes: 1)
      ])
    trace.measuredSteps = [MeasuredStep(start: .zero, duration: .zero, shape: StepShape())]
    for part in ["model a", "model b"] {
      trace.part = part
      #expect(try store.add(trace, device: "d") == .added(samples: 0, curves: 0, steps: 1))
    }
    #expect(try store.add(trace, device: "d") == .unchanged)
  }

  @Test func `A missing database is an error to read and is made to write`() throws {
    let path = folder.path("new.sqlite")
    #expect(throws: OperatorStoreError.missing(path: path)) {
      try OperatorStore(path: path, mode: .readOnly)
    }
    let made = try OperatorStore(path: path, mode: .readWrite)
    #expect(try made.deviceNames() == [])
    for view in OperatorStore.View.allCases {
      #expect(try made.rows(ofView: view).rows.isEmpty)
    }
  }

  /// What something else than an import wrote is named, and not reckoned with.
  @Test(arguments: [
    ("sample", "median_ns = 9e999"), ("sample", "median_ns = 1e300"), ("sample", "mean_ns = -1"),
    ("calibration", "device_scale = -3"), ("calibration", "device_scale = 9e999"),
    ("calibration", "per_step_ns = -1e9"), ("calibration", "error_held_out = -5"),
    ("calibration", "device_scale_se = -1"),
  ])
  func `A row that no import writes is refused by its number`(table: String, change: String) throws
  {
    let path = folder.path("changed.sqlite")
    let store = try OperatorStore(path: path, mode: .readWrite)
    _ = try store.add(trace(sha256: "a"), device: "D")
    let deployment = StoredCalibration.Deployment(
      device: "D", model: "M", dataType: .bfloat16, tensorParallel: 1)
    try store.save(
      StoredCalibration(
        deployment: deployment, fittedOn: "f", steps: 7, deviceScale: 1.1, perStep: 2,
        perSequence: 3,
        perToken: 4, errorBefore: 0.2, errorHeldOut: 0.1))
    func read() throws {
      _ = try store.curves(device: "D")
      _ = try store.calibration(of: deployment)
    }
    try read()
    try store.queue.write {
      try $0.execute(sql: "UPDATE \(table) SET \(change) WHERE id = (SELECT max(id) FROM \(table))")
    }
    let row = try #require(
      try store.queue.read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM \(table)") })
    do {
      try read()
      Issue.record("nothing was refused")
    } catch OperatorStoreError.damaged(let named, let place, let number, _) {
      #expect(named == path && place == table && number == row)
    }
  }

  @Test func `A database of an older version is brought up to this one, also to be read`() throws {
    let path = folder.path("old.sqlite")
    try OperatorStore.migrator.migrate(
      DatabaseQueue(path: path), upTo: "1: sources, curves, samples, steps, calibrations")
    let deployment = StoredCalibration.Deployment(
      device: "d", model: "m", dataType: .bfloat16, tensorParallel: 1)
    #expect(try OperatorStore(path: path, mode: .readOnly).calibration(of: deployment) == nil)
  }

  @Test(arguments: ["not a database, only some text that is long enough for a header", "{}"])
  func `Another file is refused and stays as it was`(text: String) throws {
    let path = folder.path("other")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: OperatorStoreError.notADatabase(path: path)) {
      try OperatorStore(path: path, mode: .readWrite)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  /// With narrow keys and values a deployment is another.
  @Test func `Calibrations are told apart by the type of keys and values`() throws {
    let store = try OperatorStore(path: folder.path("keys.sqlite"), mode: .readWrite)
    let types: [DataType?] = [nil, .float8, .bfloat16]
    let deployments = types.map {
      StoredCalibration.Deployment(
        device: "d", model: "m", dataType: .float8, keyValueType: $0, tensorParallel: 1)
    }
    for (index, deployment) in deployments.dropLast().enumerated() {
      try store.save(
        StoredCalibration(
          deployment: deployment, fittedOn: "f", steps: 7, deviceScale: 1 + Double(index),
          perStep: 2, perSequence: 3, perToken: 4, errorBefore: 0.2, errorHeldOut: 0.1))
    }
    #expect(try deployments.map { try store.calibration(of: $0)?.deviceScale } == [1, 2, nil])
  }

  @Test func `A calibration is kept, and replaced by a later one`() throws {
    let store = try OperatorStore(
      path: folder.path("c.sqlite"), mode: .readWrite)
    let deployment = StoredCalibration.Deployment(
      device: "D", model: "M", dataType: .bfloat16, tensorParallel: 1)
    #expect(try store.calibration(of: deployment) == nil)
    for perStep in [1.0, 2.0] {
      var calibration = StoredCalibration(
        deployment: deployment, fittedOn: "steps", steps: 7, deviceScale: 1.1, perStep: perStep,
        perSequence: 3, perToken: 4, errorBefore: 0.2, errorHeldOut: 0.1)
      try store.save(calibration)
      #expect(try store.calibration(of: deployment) == calibration)
      calibration.basis = .requests
      calibration.hidesHost = true
      calibration.collectiveScale = 1.25
      calibration.standardErrors.collectiveScale = 0.125
      calibration.padsToGraphs = perStep > 1
      calibration.fittedSHA256 = "ab"
      calibration.standardErrors = .init(deviceScale: 0.01, perToken: 5)
      try store.save(calibration)
      #expect(try store.calibration(of: deployment) == calibration)
    }
  }

  private func trace(
    sha256: String, count: Int = 3, arguments: String = ""
  ) -> ImportedTrace {
    var trace = ImportedTrace(
      format: .sweep,
      inputs: [
        InputSummary(
          path: "x", compression: .none, sha256: sha256, storedBytes: 10, textBytes: 10)
      ])
    trace.arguments = arguments
    trace.runtime = RuntimeDescription(framework: "PyTorch", version: "2")
    for tokens in 1...count {
      trace.samples.append(
        OperatorSample(
          Operator(.gemm, dataType: .bfloat16, ["n": 8, "k": 16]), at: AxisPoint(tokens),
          label: "mm", duration: DurationStatistics(mean: 100 * Double(tokens), count: 2)))
    }
    trace.samples.append(
      OperatorSample(
        Operator(.attention, dataType: nil, ["heads": 2]), at: AxisPoint(1, 2, 3, 4, 5),
        label: "attention", duration: DurationStatistics(mean: 7)))
    return trace
  }

  @Test func `What is added comes back, attributes, points and statistics`() throws {
    let store = try OperatorStore(path: folder.path("a"), mode: .readWrite)
    let source = trace(sha256: "a")
    #expect(
      try store.add(source, device: "D") == .added(samples: 4, curves: 2, steps: 0))
    let curves = try store.curves(device: "D")
    #expect(
      curves.map(\.operator) == [source.samples[3].operator, source.samples[0].operator])
    #expect(curves[0].samples.map(\.point) == [source.samples[3].point])
    #expect(curves[1].samples.map(\.duration) == source.samples.prefix(3).map(\.duration))
    #expect(curves[1].runtime == "PyTorch 2")
    #expect(try store.curves(device: "E").isEmpty)
    #expect(try store.rows(ofView: .curves).rows.map { $0[5] } == ["1", "3"])
    #expect(try store.rows(ofView: .coverage).rows.map { $0[3] } == ["measured point"])
  }

  @Test func `Only curves that can answer for an operator are loaded, in order of their points`()
    throws
  {
    let store = try OperatorStore(path: folder.path("l"), mode: .readWrite)
    var source = trace(sha256: "a")
    source.samples.reverse()
    _ = try store.add(source, device: "D")
    _ = try store.add(trace(sha256: "b"), device: "D")
    let asked = Operator(.gemm, dataType: .float8, ["k": 1, "n": 1])
    let curves = try store.curves(device: "D", like: [asked])
    #expect(curves.map(\.operator.kind) == [.gemm])
    let points = curves[0].samples.map { [$0.point[0], $0.source] }
    #expect(points == points.sorted { $0.lexicographicallyPrecedes($1) })
    #expect(points.count == 6)
    #expect(try store.curves(device: "D", like: []).isEmpty)
    let batched = Operator(.gemm, dataType: .bfloat16, ["k": 1, "n": 1, "batch": 2])
    #expect(try store.curves(device: "D", like: [batched]).isEmpty)
  }

  /// Oracle: the rule, curve by curve, over all that a database holds.
  @Test func `Of a type that was measured no other is loaded, but of some kinds`() throws {
    let store = try OperatorStore(path: folder.path("t"), mode: .readWrite)
    var source = trace(sha256: "a")
    let measured: [(OperatorKind, DataType?, [String: Int])] = [
      (.gemm, .bfloat16, ["n": 1, "k": 2]), (.gemm, .float8, ["n": 1, "k": 2]),
      (.gemm, .bfloat16, ["n": 3, "k": 2]), (.gemm, .float8, ["n": 1, "k": 2, "batch": 2]),
      (.attention, .bfloat16, ["heads": 2]), (.attention, nil, ["heads": 2]),
      (.moe, .bfloat16, ["width": 1]), (.moe, .float8, ["width": 1]),
      (.rmsNorm, .float32, ["width": 10]), (.rmsNorm, .float32, ["width": 9]),
    ]
    source.samples = measured.map { kind, type, attributes in
      OperatorSample(
        Operator(kind, dataType: type, attributes), at: AxisPoint(1), label: "",
        duration: DurationStatistics(mean: 1))
    }
    _ = try store.add(source, device: "D")
    let all = try store.curves(device: "D")
    // By kind, attributes and type, as text.
    let names = all.map {
      [
        $0.operator.kind.rawValue, $0.operator.canonicalAttributes,
        $0.operator.dataType?.rawValue ?? "",
      ]
    }
    #expect(names == names.sorted { $0.lexicographicallyPrecedes($1) } && names.count == 10)
    for type in [DataType.bfloat16, .float8] {
      let asked = [
        Operator(.gemm, dataType: type, ["n": 7, "k": 7]),
        Operator(.attention, dataType: type, ["heads": 7]),
        Operator(.moe, dataType: type, ["width": 7]),
        Operator(.rmsNorm, dataType: type, ["width": 7]),
      ]
      let expected = all.filter { curve in
        let op = curve.operator
        guard op.attributes["batch"] == nil else { return false }
        switch op.kind {
        case .gemm: return op.dataType == type
        case .attention: return type == .float8 || op.dataType == type
        default: return true
        }
      }
      #expect(
        try store.curves(device: "D", like: asked, types: .asked(butAllOf: [.moe])) == expected)
    }
  }

  @Test func `Labels and kernels of interleaved curves stay with their samples`() throws {
    let store = try OperatorStore(path: folder.path("k"), mode: .readWrite)
    var source = trace(sha256: "a")
    source.samples = (0..<6).map { index in
      OperatorSample(
        Operator(.gemm, dataType: .bfloat16, ["n": index % 2, "k": 1]), at: AxisPoint(index),
        label: index % 3 == 0 ? "" : "größe \(index)",
        duration: DurationStatistics(
          count: index + 1, minimum: 1, median: 2.5, mean: 3, deviation: 0.125))
    }
    _ = try store.add(source, device: "D")
    let rows = try store.queue.read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT curve.attributes || '|' || axis0 || '|' || label || '|' || count || '|'
            || minimum_ns || '|' || median_ns || '|' || mean_ns || '|' || deviation_ns
          FROM sample JOIN curve ON curve.id = curve_id ORDER BY sample.id
          """)
    }
    #expect(
      rows
        == (0..<6).map {
          "k=1 n=\($0 % 2)|\($0)|\($0 % 3 == 0 ? "" : "größe \($0)")|\($0 + 1)|1.0|2.5|3.0|0.125"
        })
  }

  @Test func `The same bytes change nothing, other arguments replace their rows`() throws {
    let store = try OperatorStore(path: folder.path("b"), mode: .readWrite)
    _ = try store.add(trace(sha256: "a", arguments: "model=M"), device: "D")
    let before = try store.curves(device: "D")
    #expect(
      try store.add(trace(sha256: "a", count: 9, arguments: "model=M"), device: "D")
        == .unchanged)
    #expect(try store.curves(device: "D") == before)
    #expect(
      try store.add(trace(sha256: "a", count: 9, arguments: "model=N"), device: "D")
        == .replaced(samples: 10, curves: 2, steps: 0))
    #expect(try store.curves(device: "D").map(\.samples.count) == [1, 9])
    #expect(try store.rows(ofView: .coverage).rows.count == 1)
  }

  @Test(arguments: [true, false])
  func `A directory and one of its files count once, whichever comes first`(
    fileFirst: Bool
  ) throws {
    let store = try OperatorStore(path: folder.path("parts"), mode: .readWrite)
    let file = trace(sha256: "b")
    var directory = trace(sha256: "a")
    directory.inputs.append(contentsOf: file.inputs)
    let outcomes = try (fileFirst ? [file, directory] : [directory, file]).map {
      try store.add($0, device: "D")
    }
    #expect(
      outcomes[1] == (fileFirst ? .replaced(samples: 4, curves: 2, steps: 0) : .unchanged))
    #expect(try store.curves(device: "D").map(\.samples.count) == [1, 3])
    #expect(try store.add(file, device: "E") == .added(samples: 4, curves: 2, steps: 0))
  }

  @Test func `Measured steps come back as they were`() throws {
    let store = try OperatorStore(path: folder.path("s"), mode: .readWrite)
    var shape = StepShape()
    shape.addPrefill(tokens: 7, past: 3, samples: true)
    shape.addDecode(context: 11)
    let steps = (1...3).map {
      MeasuredStep(start: Nanoseconds(Int64($0)), duration: Nanoseconds(50), shape: shape)
    }
    var source = trace(sha256: "a")
    source.measuredSteps = steps
    #expect(
      try store.add(source, device: "D")
        == .added(samples: 4, curves: 2, steps: 3))
    #expect(try store.steps(device: "D") == steps)
    #expect(try store.steps(device: "E").isEmpty)
  }

  @Test(arguments: ["NULL", "-1", "'x'", "1.5"])
  func `Steps that no engine ran are passed over`(value: String) throws {
    let path = folder.path("hostile")
    let store = try OperatorStore(path: path, mode: .readWrite)
    var shape = StepShape()
    shape.addDecode(context: 11)
    var source = trace(sha256: "a")
    source.measuredSteps = [3, 4].map {
      MeasuredStep(start: Nanoseconds($0), duration: Nanoseconds(50), shape: shape)
    }
    _ = try store.add(source, device: "D")
    let queue = try DatabaseQueue(path: path)
    let isStored = try? queue.write { db in
      try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
      try db.execute(
        sql: "UPDATE step SET sampled_sequences = \(value) WHERE start_ns = 3")
      return true
    }
    #expect(try store.steps(device: "D").count == (isStored == true ? 1 : 2))
  }

  @Test func `Steps come in the order of their starts, with sums that can be reckoned with`() throws
  {
    let store = try OperatorStore(path: folder.path("s"), mode: .readWrite)
    var source = trace(sha256: "a")
    source.measuredSteps = [9, 3, 7].map { start in
      var shape = StepShape()
      shape.decodeSequences = .max
      shape.prefillTokens = .max
      return MeasuredStep(start: Nanoseconds(Int64(start)), duration: Nanoseconds(50), shape: shape)
    }
    _ = try store.add(source, device: "D")
    let steps = try store.steps(device: "D")
    #expect(steps.map(\.start.rawValue) == [3, 7, 9])
    #expect(steps.allSatisfy { $0.shape.tokens == 2 * StepShape.largestSum })
  }

  @Test func `Views survive sums that no integer holds`() throws {
    let store = try OperatorStore(path: folder.path("c"), mode: .readWrite)
    var source = trace(sha256: "a")
    for index in source.samples.indices { source.samples[index].duration.count = .max }
    _ = try store.add(source, device: "D")
    for view in OperatorStore.View.allCases { _ = try store.rows(ofView: view) }
  }

  @Test func `A sample leads to its kernels, their classes and their launches`() throws {
    let store = try OperatorStore(path: folder.path("o"), mode: .readWrite)
    var source = trace(sha256: "a", count: 1)
    source.path = "dir/x.json"
    source.facts = ["rank": "3", "kernel_names_version": "1"]
    let launches = (0..<5).map {
      KernelEvent(place: SourcePlace(offset: Int64(100 * $0), length: 20), duration: Int64($0))
    }
    let kernels = [
      KernelTotal(
        name: "sgemm", count: 2, total: 190, identity: KernelIdentity(.gemm, library: "cuBLAS"),
        events: launches),
      KernelTotal(name: "strange", count: 1, total: 10),
    ]
    source.groups = [
      OperatorGroup(
        name: "mm", inputDims: "", inputTypes: "", inputStrides: "", concreteInputs: "",
        operationCount: 2, totalKernelTime: 200, kernels: kernels)
    ]
    _ = try store.add(source, device: "D")
    #expect(
      try store.rows(ofView: .kernelClasses).rows.map { $0[1...4].joined(separator: " ") }
        == ["gemm cuBLAS 1 2", "other  1 1"])
    #expect(
      try store.rows(ofView: .topKernels).rows.map { $0[1...3].joined(separator: " ") }
        == ["sgemm gemm cuBLAS", "strange  "])
    let samples = try store.rows(ofView: .samples, operator: .gemm)
    #expect(samples.rows.map { [$0[0], $0[3], $0[7]] } == [["1", "gemm", "1"]])
    #expect(try store.rows(ofView: .samples).rows.map { $0[7] } == ["1", "1 2 3 4 5"])
    let origin = try #require(try store.origin(ofSample: 1, events: 2))
    #expect(origin.source == 1)
    #expect(origin.kernels.map(\.name) == ["sgemm", "strange"])
    #expect(origin.kernels[0].identity == kernels[0].identity)
    #expect(origin.kernels[0].events == Array(launches.prefix(2)))
    #expect(origin.kernels[1].identity == .unknown)
    #expect(try store.origin(ofSample: 99) == nil)
    let stored = try #require(try store.sources().first)
    #expect(stored.path == "dir/x.json")
    #expect(stored.facts.map(\.name) == ["kernel_names_version", "rank"])
    #expect(stored.samples == 2)
    #expect(try store.sources(id: 2).isEmpty)
  }

  @Test func `What a killed import left half written is undone before anything is read`() throws {
    let path = folder.path("k")
    let copy = folder.path("copy")
    let store = try OperatorStore(path: path, mode: .readWrite)
    _ = try store.add(trace(sha256: "a"), device: "D")
    let before = try store.curves(device: "D")
    try store.queue.inDatabase { db in
      // So small a cache that pages reach the file before the end of the transaction.
      try db.execute(sql: "PRAGMA cache_size = 1")
      try db.inTransaction {
        for number in 0..<2000 {
          try db.execute(
            sql: "INSERT INTO device (name) VALUES (?)", arguments: ["device \(number)"])
        }
        try db.execute(sql: "UPDATE sample SET label = label || hex(randomblob(2000))")
        for suffix in ["", "-journal"] {
          try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        return .rollback
      }
    }
    let journal = try FileManager.default.attributesOfItem(atPath: copy + "-journal")
    #expect(journal[.size] as? Int ?? 0 > 512)
    let read = try OperatorStore(path: copy, mode: .readOnly)
    #expect(try read.curves(device: "D") == before)
    #expect(try read.deviceNames() == ["D"])
  }
}
