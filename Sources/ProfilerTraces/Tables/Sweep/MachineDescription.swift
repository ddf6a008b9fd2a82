import Foundation
import TraceIO

extension RuntimeDescription {
  /// The software that `machine.json` beside a capture's files names; empty where there is none.
  ///
  /// A sweep and a profiler trace of one machine stay different runtimes: the profiler's own time
  /// is in the latter.
  init(machineBeside path: String, _ limits: InputLimits) throws(ProfilerTraceError) {
    self.init()
    guard path != "-" else { return }
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    let file = folder + "/machine.json"
    guard FileManager.default.fileExists(atPath: file) else { return }
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(path: file, limits: limits))
      guard try scanner.next() == .objectStart else { return }
      while try scanner.next() == .key {
        let isVersions = scanner.tokenIs("versions")
        let token = try scanner.next()
        guard isVersions, token == .objectStart else {
          try scanner.skipValue(of: token)
          continue
        }
        while try scanner.next() == .key {
          let isTorch = scanner.tokenIs("torch")
          let token = try scanner.next()
          if isTorch, token == .string, let torch = scanner.string().asFact {
            framework = "PyTorch"
            version = torch + " sweep"
          } else {
            try scanner.skipValue(of: token)
          }
        }
      }
    } catch {
      throw .input(error)
    }
  }
}
