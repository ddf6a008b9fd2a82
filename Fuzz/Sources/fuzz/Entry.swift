import Foundation

/// The parser that this run is about; libFuzzer takes its own flags from the command line.
private let name = ProcessInfo.processInfo.environment["REPRISE_PARSER"] ?? ""

/// Prints the parsers' names instead, where none is chosen.
private let parser: @Sendable ([UInt8]) -> Void = {
  if let parser = parsers[name] { return parser }
  print(parsers.keys.sorted().joined(separator: "\n"))
  fflush(nil)
  // libFuzzer takes every orderly exit for a finding.
  _exit(name.isEmpty ? 0 : 64)
}()

/// libFuzzer's entry: tries one input.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  parser(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
