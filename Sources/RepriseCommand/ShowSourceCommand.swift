import ArgumentParser
import Reprise

/// `reprise show-source`: where a database's numbers come from.
struct ShowSourceCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show-source",
    abstract: "Show where numbers come from: sources, and the kernels and bytes behind a sample.",
    discussion: """
      Without --sample lists the sources, each with what it says about itself. With --sample (the \
      numbers are those of 'reprise show samples') shows the sample's kernels and their first \
      launches, each with its place in the source: the first byte of its text and the length, or a \
      row. --text reads the source again and prints those bytes. With --json an object as \
      TraceSchemas/sources.schema.json describes it.

        reprise show-source --db lat.sqlite
        reprise show samples --operator gemm --db lat.sqlite
        reprise show-source --sample 17 --text --db lat.sqlite
      """)

  @OptionGroup var database: DatabaseOptions

  @Argument(help: "The number of the source to show; all where it is left out.")
  var source: Int?

  @Option(help: "The number of the sample whose origin to show.")
  var sample: Int?

  @Flag(help: "Read the source again and print the text of the launches.")
  var text = false

  @Option(help: "The most launches of each kernel to show.")
  var limit = 3

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard (1...KernelTotal.mostEvents).contains(limit) else {
      throw UsageError("--limit must be from 1 to \(KernelTotal.mostEvents)")
    }
    guard sample == nil || source == nil else {
      throw UsageError("give a source or --sample, not both")
    }
    guard !text || sample != nil else { throw UsageError("--text needs --sample") }
    guard !text || !json.isWanted else { throw UsageError("give --text or --json, not both") }
  }

  mutating func execute() throws {
    let store = try database.open(.readOnly)
    guard let sample else {
      let sources = try store.sources(id: source)
      guard !sources.isEmpty else {
        throw Failure(.unavailable, "\(store.path): has no source \(source.map(String.init) ?? "")")
      }
      guard !json.isWanted else { return try printJSON(SourcesFile(sources)) }
      for line in sources.flatMap(\.report) { print(line) }
      return
    }
    guard let origin = try store.origin(ofSample: sample, events: limit),
      let source = try store.sources(id: origin.source).first
    else {
      throw Failure(
        .unavailable, "\(store.path): has no sample \(sample); 'reprise show samples' lists them")
    }
    guard !json.isWanted else { return try printJSON(SourcesFile([source], sample: origin)) }
    let excerpts = text ? try texts(of: origin, from: source) : nil
    for line in origin.report(source: source, excerpts: excerpts) { print(line) }
  }

  /// Reads the launches' bytes again, if the source is still what was imported.
  private func texts(
    of origin: OperatorStore.SampleOrigin, from source: OperatorStore.Source
  ) throws -> [SourcePlace: [UInt8]] {
    let places = origin.kernels.flatMap(\.events).map(\.place).filter { $0.length > 0 }
    guard !places.isEmpty else {
      try note("reprise: this sample has no place in a text")
      return [:]
    }
    guard source.path != "-" else {
      throw Failure(.noInput, "source \(source.id) was standard input and cannot be read again")
    }
    let excerpt = try SourceText.read(places, path: source.path)
    guard excerpt.sha256 == source.textSHA256 else {
      throw Failure(
        .data,
        "\(source.path): is not the file that was imported (SHA-256 \(excerpt.sha256.prefix(16))…, "
          + "then \(source.textSHA256.prefix(16))…); import it again")
    }
    return excerpt.texts
  }
}
