import TraceIO

/// The traces of graph captures that the user names, read.
struct GraphCaptureFiles {
  private(set) var traces: [CapturedTrace] = []
  /// The digests of the files, in their order.
  private(set) var digests: [String] = []

  /// The most files that a list may name.
  private static let mostListed = 1024

  /// One file of a list such as vLLM's `execution_details.json`.
  private struct Listed {
    var path: String
    var size: Int?
  }

  /// Reads the files of ``ImportOptions/captures``: Kineto traces, or lists of such traces in the same
  /// folder, `[{"file": "graph_capture_rank_0.pt.trace.json.gz", "batch_size": 32, "mode": "FULL"}]`.
  static func read(_ options: ImportOptions) throws(ProfilerTraceError) -> Self {
    var result = Self()
    for path in options.captures {
      guard try isList(path, options) else {
        try result.add(Listed(path: path), options)
        continue
      }
      for listed in try list(path, options) { try result.add(listed, options) }
    }
    return result
  }

  private mutating func add(
    _ listed: Listed, _ options: ImportOptions
  ) throws(ProfilerTraceError) {
    let scanner = try input { () throws(TraceIOError) in
      try JSONScanner(ByteSource(path: listed.path, limits: options.inputLimits))
    }
    let (parser, summary) = try KinetoReader.parse(scanner, options: options)
    let capture = CapturedTrace(
      parser.events, KernelAttribution(parser.events), size: listed.size)
    guard !capture.graphs.isEmpty else {
      throw .missingInformation(
        path: listed.path,
        what: "holds no captured graph: there is no launch that did not run within an annotation "
          + "'capture_SIZE_MODE'")
    }
    traces.append(capture)
    digests.append(summary.sha256)
  }

  // MARK: Lists

  private static func isList(
    _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> Bool {
    do throws(TraceIOError) {
      var source = try ByteSource(path: path, limits: options.inputLimits)
      let prefix = try source.read(count: 64 << 10)
      return prefix.first { $0 > 0x20 } == UInt8(ascii: "[")
        && TraceFormat.memberNames(prefix).isSuperset(of: ["file", "batch_size"])
    } catch {
      throw .input(error)
    }
  }

  private static func list(
    _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> [Listed] {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var files: [Listed] = []
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(path: path, limits: options.inputLimits))
      guard try scanner.next() == .arrayStart else { return files }
      while files.count <= mostListed {
        let token = try scanner.next()
        if token == .arrayEnd { break }
        guard token == .objectStart else {
          try scanner.skipValue(of: token)
          continue
        }
        var name = ""
        var size: Int64?
        while try scanner.next() == .key {
          let (isFile, isSize) = (scanner.tokenIs("file"), scanner.tokenIs("batch_size"))
          let value = try scanner.next()
          if isFile, value == .string { name = scanner.string() }
          if isSize, value == .number { size = scanner.integer() }
          try scanner.skipValue(of: value)
        }
        files.append(Listed(path: name, size: size.flatMap(Int.init(exactly:))))
      }
    } catch {
      throw .input(error)
    }
    guard files.count <= mostListed else {
      throw .missingInformation(path: path, what: "lists more than \(mostListed) captures")
    }
    // A list comes with the traces and is trusted no more than they are: it names no other folder.
    for index in files.indices {
      let name = files[index].path
      guard !name.isEmpty, !name.contains("/"), !name.contains("\0"), name != ".." else {
        throw .missingInformation(
          path: path, what: "entry \(index + 1) does not name a file beside the list")
      }
      files[index].path = folder + name
    }
    return files
  }
}
