import Foundation

/// How many random cases a test takes: what the environment's `REPRISE_CASES` says, or `few`, with which all tests
/// together end within minutes.
package func randomCases(_ few: UInt64) -> UInt64 {
  ProcessInfo.processInfo.environment["REPRISE_CASES"].flatMap { UInt64($0) } ?? few
}
