import Foundation
import Reprise

/// Standard input, of which the beginning can be looked at without being used up.
enum StandardInput {
  /// How many stored bytes are looked at.
  private static let startBytes = 1 << 20

  /// The first text of standard input, which is then read from its beginning all the same.
  ///
  /// A pipe takes its place, into which a thread writes what was looked at and then what follows: an input of any
  /// size is never held as a whole. One that cannot be read stays as it is, for whoever reads it to tell.
  static func peek() throws -> [UInt8] {
    let copy = dup(STDIN_FILENO)
    guard copy >= 0 else { return [] }
    let input = FileHandle(fileDescriptor: copy, closeOnDealloc: true)
    var start = Data()
    while start.count < startBytes,
      let more = try? input.read(upToCount: startBytes - start.count), !more.isEmpty
    { start += more }
    guard !start.isEmpty else { return [] }
    let pipe = Pipe()
    dup2(pipe.fileHandleForReading.fileDescriptor, STDIN_FILENO)
    // Standard input stays open to the process's end, so that writing meets no closed pipe.
    let (beginning, output) = (start, pipe.fileHandleForWriting)
    Thread.detachNewThread {
      // An input that can be read no further ends there, as it does for a reader of its own.
      try? output.write(contentsOf: beginning)
      while let more = try? input.read(upToCount: 1 << 16), !more.isEmpty {
        guard (try? output.write(contentsOf: more)) != nil else { break }
      }
      try? output.close()
    }
    var source = try ByteSource(bytes: Array(start), name: "-")
    return try source.readPrefix(count: startBytes)
  }
}
