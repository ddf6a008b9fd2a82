import Analytical
import TraceIO

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Reads what `tools/measure-index` writes, as `TraceSchemas/index-searches.schema.json` says: a header
/// line, then one JSON object a search.
///
///     {"index_searches": 1, "cpu": "AMD EPYC", "library": "faiss-cpu 1.15.1"}
///     {"kind": "ivf-pq", "vectors": 200000, "dimension": 128, "lists": 1024, "subquantizers": 16,
///      "code_bits": 8, "batch": 16, "probes": 8, "k": 10, "threads": 1, "least_ns": 1200000}
///
/// A file of measurements is small and is judged as a whole, so that the first bad line ends it.
public enum IndexSearchReader {
  /// The most searches of a file.
  public static let mostSearches = 100_000

  /// Reads a file, or standard input where `path` is `-`.
  public static func read(path: String) throws(ProfilerTraceError) -> IndexSearches {
    var found: IndexSearches?
    do throws(TraceIOError) {
      var records = try JSONLineReader(ByteSource(path: path), maximumLine: 1 << 16)
      while try records.next() {
        let record = try IndexSearchRecord(&records.scanner)
        let line = records.lineNumber
        func refusal(_ problem: String) -> TraceIOError {
          TraceIOError(.unexpectedContent, path: path, at: .line(line), problem)
        }
        guard var searches = found else {
          guard record.numbers["index_searches"] == 1 else {
            throw refusal(
              "the first line must be a header with \"index_searches\": 1, as tools/measure-index writes it"
            )
          }
          found = IndexSearches(
            processor: record.texts["cpu"] ?? "", library: record.texts["library"] ?? "",
            searches: [])
          continue
        }
        guard searches.searches.count < mostSearches else {
          throw refusal("more than \(mostSearches) searches")
        }
        found = nil
        switch record.search(line: line) {
        case .success(let search): searches.searches.append(search)
        case .failure(let problem): throw refusal(problem.text)
        }
        found = searches
      }
      _ = try records.finish()
    } catch {
      throw .input(error)
    }
    guard let found, !found.searches.isEmpty else {
      throw .missingInformation(path: path, what: "holds no searches; was the measurement stopped?")
    }
    return found
  }
}

/// What keeps a line from being a search.
private struct Problem: Error {
  var text: String
}

/// One line: its numbers and texts by name.
private struct IndexSearchRecord {
  var numbers: [String: Double] = [:]
  var texts: [String: String] = [:]

  private static let mostFields = 64

  init(_ scanner: inout JSONScanner) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else { return }
    var fields = 0
    while try scanner.next() == .key {
      let name = scanner.string()
      let token = try scanner.next()
      fields += 1
      if fields <= Self.mostFields {
        if token == .number { numbers[name] = scanner.double() ?? .infinity }
        if token == .string { texts[name] = scanner.string() }
      }
      try scanner.skipValue(of: token)
    }
    // Nothing may follow on the line.
    _ = try scanner.next()
  }

  func search(line: Int) -> Result<IndexSearch, Problem> {
    do throws(Problem) {
      return .success(try read(line))
    } catch {
      return .failure(error)
    }
  }

  private func read(_ line: Int) throws(Problem) -> IndexSearch {
    let probes: Int
    let kind: VectorIndex.Kind
    switch texts["kind"] {
    case "ivf-pq":
      kind = .invertedQuantized(
        lists: try whole("lists", 1...(1 << 24)),
        subquantizers: try whole("subquantizers", 1...(1 << 16)),
        codeBits: try whole("code_bits", 1...16, unless: 8))
      probes = try whole("probes", 1...(1 << 24))
    case "ivf-flat":
      kind = .invertedFlat(lists: try whole("lists", 1...(1 << 24)))
      probes = try whole("probes", 1...(1 << 24))
    case "hnsw":
      kind = .graph(
        graphDegree: try whole("graph_degree", 2...4096),
        efSearch: try whole("ef_search", 1...(1 << 24)))
      probes = 0
    case let other:
      throw Problem(
        text: other.map { "kind '\($0)' is none of ivf-pq, ivf-flat, hnsw" } ?? "no 'kind'")
    }
    let vectors = try whole("vectors", 1...(1 << 40))
    let dimension = try whole("dimension", 1...(1 << 16))
    let rerank = try whole("rerank", 0...(1 << 20), unless: 0)
    var index: VectorIndex
    do throws(AnalyticalError) {
      index = try VectorIndex(
        kind, vectors: vectors, dimension: dimension, rerankDepth: rerank,
        imbalance: numbers["imbalance"] ?? 1, keepsListTables: numbers["table_bytes"].map { $0 > 0 }
      )
    } catch {
      throw Problem(text: error.description)
    }
    let batch = try whole("batch", 1...(1 << 20))
    let distances = numbers["distances"]
    if let distances {
      guard distances >= 0, distances.isFinite else { throw bad("distances", "a number from 0") }
      index.imbalance = Self.imbalance(of: index, probes, distances)
    }
    let threads = try whole("threads", 1...4096, unless: 1)
    var seconds = try time("least_ns")
    // Processor time does not count while another program has the core.
    if threads == 1, numbers["cpu_ns"] != nil { seconds = min(seconds, try time("cpu_ns")) }
    return IndexSearch(
      index, batch: batch, probes: probes, k: try whole("k", 1...(1 << 20)), threads: threads,
      seconds: seconds, distances: distances, storedBytes: numbers["index_bytes"], line: line)
  }

  /// The imbalance with which an index scans as much as was counted.
  private static func imbalance(
    of index: VectorIndex, _ probes: Int, _ distances: Double
  ) -> Double {
    var even = index
    even.imbalance = 1
    let all = Double(index.vectors)
    guard distances > 0, distances < all else { return index.imbalance }
    guard index.lists == 0 else {
      return min(1e6, max(1e-6, distances / even.scanned(probes: probes)))
    }
    // Looks, of which each that was seen before is none: see `VectorIndex.graphDistances`.
    let looks = all * log(all / (all - distances))
    let expected = even.graphDistances
    guard expected < all else { return index.imbalance }
    return min(1e6, max(1e-6, looks / (all * log(all / (all - expected)))))
  }

  private func whole(
    _ name: String, _ range: ClosedRange<Int>, unless missing: Int? = nil
  ) throws(Problem) -> Int {
    guard let value = numbers[name] else {
      if let missing, texts[name] == nil { return missing }
      throw bad(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    guard let exact = Int(exactly: value), range.contains(exact) else {
      throw bad(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return exact
  }

  /// A time in seconds: from a nanosecond to a day.
  private func time(_ name: String) throws(Problem) -> Double {
    guard let value = numbers[name], value >= 1, value <= 86_400e9 else {
      throw bad(name, "a time of a nanosecond to a day")
    }
    return value / 1e9
  }

  private func bad(_ name: String, _ wanted: String) -> Problem {
    Problem(text: "'\(name)' must be \(wanted)")
  }
}
