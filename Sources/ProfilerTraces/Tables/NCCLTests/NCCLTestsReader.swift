import Operators
import TraceIO

/// Imports what nccl-tests and rccl-tests print (`all_reduce_perf` and its siblings), all versions:
/// a header of comments, and rows of size, count, type, then time and bandwidths, out of place and
/// in place. Several runs may follow one another, among other output.
///
/// Sizes are bytes as the column `size` defines them, times microseconds, each a mean of `iters`
/// runs. What is not printed is found out, or asked for:
/// - the collective: from `Collective test starting`, the command's name, or `redop` and the ratio of
///   the bandwidths, where only one collective fits; else ``ImportOptions/collective``;
/// - the ranks: from the list of devices, or the ratio of the bandwidths;
/// - the nodes: from the hosts in that list, whose names are not kept.
enum NCCLTestsReader {
  /// The longest line that is read; more is not this format.
  private static let longestLine = 1 << 20

  /// Whether a text holds the header of a table.
  static func isOutput(_ prefix: [UInt8]) -> Bool {
    // Every file that is imported is asked this: a walk over the bytes, and no lines made of them.
    var (start, hasMark) = (0, false)
    for end in 0...prefix.count {
      let byte = end < prefix.count ? prefix[end] : 10
      hasMark = hasMark || byte == UInt8(ascii: "#")
      guard byte == 10 else { continue }
      if hasMark, end - start <= 1024 {
        let line = NCCLTestsLine(String(decoding: prefix[start..<end], as: UTF8.self))
        if NCCLTestsColumns(line) != nil { return true }
      }
      (start, hasMark) = (end + 1, false)
    }
    return false
  }

  /// Imports a file.
  ///
  /// - Returns: A trace for each device and version of the library.
  static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    var runs: [NCCLTestsRun] = []
    let input: InputSummary
    do throws(TraceIOError) {
      var lines = try LineReader(
        ByteSource(path: path, limits: options.inputLimits), maximumLine: longestLine)
      lines.salvages = !options.isStrict
      var run = NCCLTestsRun()
      var rows = 0
      // Each row holds up to two records.
      while try lines.next(), rows < options.maximumEvents {
        let line = NCCLTestsLine(lines.string())
        if run.hasRows, line.startsRun || NCCLTestsColumns(line) != nil {
          runs.append(run)
          // A second table under one list of devices is of the same group.
          run = line.startsRun ? NCCLTestsRun() : run.withoutRows
        }
        if run.take(line) { rows += 1 }
      }
      if run.hasRows { runs.append(run) }
      input = try lines.finish()
    } catch {
      throw .input(error)
    }
    var parts = TableParts(options)
    for run in runs {
      let op = try run.collective(options, path: path)
      let version = [run.version, run.usesGraph ? "graph" : ""].filter { !$0.isEmpty }
        .joined(separator: " ")
      parts.change(
        [run.device ?? "", run.library, version],
        new: {
          var trace = ImportedTrace(format: .ncclTests)
          trace.deviceName = run.device
          trace.runtime = RuntimeDescription(framework: run.library, version: version)
          return trace
        }
      ) { trace in
        for sample in run.samples(op, options) { trace.add(sample) }
      }
    }
    return try parts.finish(path: path, input)
  }
}

/// One line of output, without what `mpirun` puts before it.
struct NCCLTestsLine {
  var words: [Substring]
  /// What stands after the last bracket: a device's name in the list of devices.
  var lastText: String

  /// Splits a line.
  init(_ text: String) {
    var text = text[...]
    if text.first == "[", let mark = text.range(ofFirst: "]<stdout>:") { text = text[mark...] }
    words = text.split(maxSplits: 4096, whereSeparator: \.isWhitespace)
    if let first = words.first, first.hasPrefix("#"), first.count > 1 {
      words[0] = first.dropFirst()
      words.insert("#", at: 0)
    }
    lastText =
      text.lastIndex(of: "]").map { String(text[text.index(after: $0)...]) } ?? ""
  }

  /// Whether this is a comment.
  var isComment: Bool { words.first == "#" }

  /// The words after the mark of a comment.
  var comment: ArraySlice<Substring> { words.dropFirst() }

  /// Whether a run begins here: nothing of the run before comes after.
  var startsRun: Bool {
    perfName != nil || (isComment && (comment.contains("nThread") || comment.contains("Using")))
  }

  /// The collective that a program's name in this line says, such as `./build/all_reduce_perf`.
  var perfName: OperatorKind? {
    guard !words.contains("concluded:") else { return nil }
    for word in words where word.hasSuffix("_perf") {
      let name = word.split(separator: "/").last ?? word
      if let kind = CollectiveName.kind(String(name)) { return kind }
    }
    return nil
  }

  /// The word after this one, or nil.
  func value(after name: String) -> Substring? {
    guard let index = words.firstIndex(where: { $0 == name }) else { return nil }
    return index + 1 < words.count ? words[index + 1] : nil
  }
}

extension Substring {
  /// Where the text after the first occurrence of a mark starts.
  fileprivate func range(ofFirst mark: String) -> Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(mark) { return index(start, offsetBy: mark.count) }
      start = index(after: start)
    }
    return nil
  }
}
