import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

/// Damaged traces: what is sound is imported, and where the damage lies is said.
@Suite struct KinetoRecoveryTests {
  /// `count` calls of an operator, each with a kernel of a time of its own.
  static func trace(_ count: Int) -> TraceText {
    var trace = TraceText()
    for call in 0..<count {
      let at = 10 * call
      trace.op("op", "\(at)", "5", dims: "[[1]]")
      trace.launch("cudaLaunchKernel", "\(at + 1)", call)
      trace.kernel("k", "\(at + 2)", "1", call)
    }
    return trace
  }

  /// A gzip member of stored blocks, whose check sum may be wrong.
  static func gzip(_ text: [UInt8], check: [UInt8]? = nil) -> [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    var index = 0
    while index < text.count {
      let size = min(1000, text.count - index)
      bytes.append(index + size == text.count ? 1 : 0)
      bytes += little(size, 2) + little(~size, 2) + text[index..<(index + size)]
      index += size
    }
    var crc = ~UInt32(0)
    for byte in text {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return bytes + (check ?? little(Int(~crc), 4)) + little(text.count, 4)
  }

  private func read(
    _ bytes: [UInt8], _ options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    try KinetoReader.read(bytes: bytes, name: "test", options: options)
  }

  @Test func `a damaged event is skipped, counted and placed`() throws {
    var text = Self.trace(10)
    text.events[5] = text.events[5].replacing("\"k\"", with: "\"k\"k\"")
    let bytes = Array(text.text.utf8)
    let trace = try read(bytes)
    #expect(trace.coverage[.correlation].count == 9)
    #expect(trace.coverage.rejected(.syntax) == 1)
    #expect(trace.coverage.recordsRead == 30)
    #expect(trace.coverage.salvagedAt == nil)
    let place = try #require(trace.coverage.damagedAt.first)
    #expect(bytes[place - 1] == UInt8(ascii: "\"") && bytes[place] == UInt8(ascii: "k"))
    #expect(trace.warnings.first?.contains("byte \(place)") == true)
    let error = #expect(throws: ProfilerTraceError.self) {
      _ = try read(bytes, ImportOptions(isStrict: true))
    }
    #expect(error?.description.contains("byte \(place)") == true)
  }

  @Test func `more damaged events than tolerated refuse the trace`() throws {
    var text = Self.trace(100)
    for index in 0..<12 { text.events[3 * index] = "{\"ph\": \"X\" \"cat\": \"cpu_op\"}" }
    let bytes = Array(text.text.utf8)
    let error = #expect(throws: ProfilerTraceError.self) { _ = try read(bytes) }
    #expect(error == .tooManyBadRecords(path: "test", bad: 12, read: 300, worst: .syntax))
    #expect(try read(bytes, ImportOptions(maximumBadShare: 0.1)).coverage.damagedAt.count == 8)
  }

  @Test func `damage in the metadata costs the metadata up to the events`() throws {
    var text = Self.trace(4)
    text.head = #""host": "a"b", "cuda_runtime_version": 12040"#
    let tail = #", "deviceProperties": [{"id": 0, "name": "GPU"}]}"#
    let trace = try read(Array((text.text.dropLast() + tail).utf8))
    #expect(trace.coverage[.correlation].count == 4)
    #expect(trace.deviceName == "GPU")
    #expect(trace.facts["cuda_runtime_version"] == nil)
  }

  @Test func `an unclosed array, a cut and text behind the end are told apart`() throws {
    let text = Self.trace(6)
    let array = "[" + text.events.joined(separator: ",\n")
    for tail in ["", ",", ",\n"] {
      let open = try read(Array((array + tail).utf8))
      #expect(open.coverage[.correlation].count == 6)
      #expect(open.coverage.salvagedAt == array.utf8.count + tail.utf8.count)
    }
    for tail in ["garbage", text.text, "\u{1}"] {
      let bytes = Array((text.text + tail).utf8)
      let trace = try read(bytes)
      #expect(trace.coverage[.correlation].count == 6)
      #expect(trace.coverage.trailingTextAt == text.text.utf8.count)
      #expect(trace.coverage.salvagedAt == nil)
      #expect(throws: ProfilerTraceError.self) {
        _ = try read(bytes, ImportOptions(isStrict: true))
      }
    }
  }

  @Test func `of a damaged gzip stream what comes before is imported`() throws {
    let text = Array(Self.trace(100).text.utf8)
    let whole = Self.gzip(text)
    #expect(try read(whole).warnings.isEmpty)
    // Cut anywhere: exactly the kernels whose events are whole.
    for length in stride(from: 2000, to: whole.count - 8, by: 2997) {
      let trace = try read(Array(whole.prefix(length)))
      let end = try #require(trace.coverage.salvagedAt)
      let before = String(decoding: text.prefix(end), as: UTF8.self)
      let kernels = before.split(separator: "{\"ph\"", omittingEmptySubsequences: false)
        .count { $0.contains("\"kernel\"") && $0.contains("}}") }
      #expect(trace.coverage[.correlation].count == kernels)
    }
    // A block whose length does not agree with its complement.
    var broken = whole
    broken[10 + 5 * 1005 + 3] ^= 0xFF
    let trace = try read(broken)
    #expect(trace.coverage.salvagedAt == 5000)
    #expect(trace.coverage[.correlation].count > 5)
    let wrongSum = try read(Self.gzip(text, check: [0, 0, 0, 0]))
    #expect(wrongSum.coverage[.correlation].count == 100)
    #expect(wrongSum.coverage.salvagedAt == text.count)
    let trailing = try read(whole + Array("tail".utf8))
    #expect(trailing.coverage[.correlation].count == 100)
    #expect(trailing.coverage.salvagedAt == text.count)
  }

  @Test func `of damaged compressed lines what comes before is imported`() throws {
    let line = #"{"kind": "gemm", "attributes": {"n": 8, "k": 8}, "axes": {"tokens": 1}, "#
    let lines = (1...50).map { line + "\"count\": 3, \"min_ns\": \($0), \"mean_ns\": \($0)}\n" }
    let stored = Self.gzip(Array(lines.joined().utf8)).prefix(3000)
    let directory = try TemporaryDirectory()
    let path = try directory.write(Array(stored), to: "samples.jsonl.gz")
    let trace = try SweepReader.read(path: path)
    let whole = lines.prefix(trace.samples.count).joined().utf8.count
    #expect(trace.samples.count > 20 && trace.coverage.salvagedAt == whole)
    #expect(trace.warnings.count == 1)
    #expect(throws: ProfilerTraceError.self) {
      _ = try SweepReader.read(path: path, options: ImportOptions(isStrict: true))
    }
  }

  @Test func `a trace cut before its first kernel does not pass for one of a processor`() throws {
    let text = Self.trace(3).events[0...1].joined(separator: ",")
    let error = #expect(throws: ProfilerTraceError.self) { _ = try read(Array("[\(text)".utf8)) }
    #expect(error?.description.contains("ends early") == true)
    let devices = #"{"deviceProperties": [{"id": 0, "name": "GPU"}], "traceEvents": ["#
    let early = #expect(throws: ProfilerTraceError.self) {
      _ = try read(Array((devices + Self.trace(3).events[0]).utf8))
    }
    #expect(early?.description.contains("ends early") == true)
    let whole = #expect(throws: ProfilerTraceError.self) { _ = try read(Array("[\(text)]".utf8)) }
    #expect(whole?.description.contains("no kernels") == true)
  }

  @Test func `a trace cut at any byte is imported up to there or refused`() throws {
    let text = Array(Self.trace(2).text.utf8)
    let events = String(decoding: text, as: UTF8.self)
    for length in 0..<text.count {
      do throws(ProfilerTraceError) {
        let trace = try read(Array(text.prefix(length)))
        #expect(trace.coverage.salvagedAt == length)
        let before = events.utf8.prefix(length)
        let kernels = String(decoding: before, as: UTF8.self)
          .split(separator: "{\"ph\"").count { $0.contains("\"kernel\"") && $0.contains("}}") }
        // Of one operator alone nothing tells that a device was to follow.
        #expect(trace.coverage.total.count == kernels + trace.coverage[.cpuOperator].count)
      } catch {
        #expect(error.description.contains("test"))
      }
    }
  }

  @Test(
    "damaged and hostile files end in a correct import or one clear error",
    .needsSharedData,
    arguments: [
      ("00_valid.json", nil, nil, 0),
      ("02_truncated_gzip.json.gz", "ends early at byte 3468", nil, 0),
      ("04_array_form.json", nil, nil, 0), ("06_na_unquoted.json", nil, nil, 0),
      ("08_unescaped_quote.json", nil, 2877, 1), ("10_invalid_utf8.json", nil, nil, 0),
      ("12_string_ts.json", nil, nil, 0), ("14_dup_correlation.json", nil, nil, 0),
      ("16_huge_int.json", nil, nil, 0),
      ("18_bomb_1GB.json.gz", "unpack it first if you trust the file", nil, 0),
      ("20_multi_member.json.gz", nil, nil, 0), ("22_bom_crlf.json", nil, nil, 0),
      ("24_trailing_comma.json", nil, 64449, 0), ("26_lone_surrogate.json", nil, nil, 0),
      ("28_kineto_neg_ts.json", nil, nil, 0),
      ("30_no_events.json", "no operators or kernels", nil, 0),
      ("32_dup_keys.json", nil, nil, 0), ("34_valid.json.zst", nil, nil, 0),
    ] as [(String, String?, Int?, Int)])
  func malformed(file: String, complaint: String?, damage: Int?, lost: Int) {
    let path = SharedData.path("traces/malformed/\(file)")
    do throws(ProfilerTraceError) {
      #expect(try TraceFormat.detect(path: path) == .kineto)
      let trace = try KinetoReader.read(path: path)
      #expect(complaint == nil)
      // The damaged event of file 08 is the operator of one of the kernels.
      #expect(trace.coverage[.correlation].count == 12 - lost)
      #expect(trace.coverage.total == Tally(count: 12, nanoseconds: 12_549_021))
      #expect(trace.coverage.damagedAt == [damage].compactMap { $0 })
      #expect(trace.coverage.rejectedRecords == (damage != nil || file.hasPrefix("28") ? 1 : 0))
      #expect(trace.coverage.salvagedAt == nil)
    } catch {
      #expect(error.description.contains(complaint ?? "no error"), "\(error)")
    }
  }
}
