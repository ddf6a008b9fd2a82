import CSQLite
import Foundation
import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

/// Databases for tests, made and asked through SQLite itself.
enum TestDatabase {
  /// Runs statements on a new database.
  static func make(_ sql: String, at path: String) throws {
    var handle: OpaquePointer?
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    defer { sqlite3_close(handle) }
    try #require(
      sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK,
      "\(String(cString: sqlite3_errmsg(handle)))")
  }

  /// The rows of a query, the columns of each joined by bars.
  static func query(_ sql: String, _ path: String) throws -> [String] {
    var handle: OpaquePointer?
    try #require(
      sqlite3_open_v2(
        "file:\(path)?mode=ro&immutable=1", &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nil)
        == SQLITE_OK)
    defer { sqlite3_close(handle) }
    var statement: OpaquePointer?
    try #require(
      sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK,
      "\(String(cString: sqlite3_errmsg(handle)))")
    defer { sqlite3_finalize(statement) }
    var rows: [String] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      rows.append(
        (0..<sqlite3_column_count(statement)).map {
          sqlite3_column_text(statement, $0).map { String(cString: $0) } ?? ""
        }.joined(separator: "|"))
    }
    return rows
  }

  /// Cuts and changes a file at fixed places, and checks that each import ends in a trace or in one
  /// clear error.
  static func damage(_ path: String, rounds: Int) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let copy = path + ".damaged"
    var random = SplitMix64(seed: 11)
    for round in 0..<rounds {
      var changed = bytes
      if round % 4 == 0 {
        changed = Array(changed.prefix(random.below(bytes.count)))
      } else {
        for _ in 0..<(1 + random.below(12)) {
          changed[random.below(bytes.count)] = UInt8(random.below(256))
        }
      }
      try Data(changed).write(to: URL(filePath: copy))
      do throws(ProfilerTraceError) {
        _ = try TraceReader.read(path: copy)
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
  }
}

extension ImportedTrace {
  /// Each operator with each of its kernels, how often and for how long: `op|kernel|count|ns`.
  var kernelLines: [String] {
    // Calls that launched another number of kernels are another group.
    var tallies: [String: Tally] = [:]
    for group in groups {
      for kernel in group.kernels {
        tallies["\(group.name)|\(kernel.name)", default: Tally()].count += kernel.count
        tallies["\(group.name)|\(kernel.name)", default: Tally()].nanoseconds += kernel.total
      }
    }
    return tallies.map { "\($0.key)|\($0.value.count)|\($0.value.nanoseconds)" }
  }

  /// The facts that only this format's reader tells.
  var ownFacts: [String: String] {
    facts.filter { name, _ in
      !["resolution_ns", "kernel_names_version"].contains(name) && !name.hasPrefix("graph_")
    }
  }
}
