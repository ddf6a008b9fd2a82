import ArgumentParser
import Reprise

/// `reprise compare-estimates`: estimates of models on platforms as a page with pickers.
struct CompareEstimatesCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare-estimates",
    abstract: "Make a page that compares models on platforms by estimates, with pickers.",
    discussion: """
      One HTML file that needs no network: of every use case and platform the layout that serves it best, as \
      tables that need no script; then pickers for models, platforms, use cases or lengths, types, numbers \
      of devices and batches, with times, memory, cost, what binds them and the use case's limits, as a table, \
      bars and curves. What is chosen is kept in the page's address. Each row is what 'reprise estimate' prints.

      Without --model and --platform the usual ones are compared; the first model is the one of the tables.

        reprise compare-estimates -o estimates.html
        reprise compare-estimates --model qwen3-32b gpt-oss-120b --platform dgx-h100 mi300x-8 -o two.html
        reprise compare-estimates --model my/config.json --device l40s mine.json#a1 --dtype bf16 int8
        reprise compare-estimates --json | jq '.use_cases[].platforms[] | select(.answer == "met").platform'

      With --json prints the best layout of every use case and platform beside writing the page, as \
      TraceSchemas/use-cases.schema.json describes it.
      """)

  @Option(
    parsing: .upToNextOption,
    help:
      "Models, by built-in names or the paths of config.json files ('reprise catalogue models').")
  var model: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: "Platforms, by name or FILE.json#NAME ('reprise catalogue platforms').")
  var platform: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: "Devices with their own links, by name or FILE.json#NAME ('reprise catalogue devices').")
  var device: [String] = []

  @Option(
    name: .customLong("dtype"), parsing: .upToNextOption,
    help: "Types of weights and of products, as 'reprise estimate' takes them.")
  var types: [DataType] = [.bfloat16, .float8]

  @Option(parsing: .upToNextOption, help: "Numbers of devices, all tensor parallel.")
  var devices = [1, 2, 4, 8, 16]

  @Option(parsing: .upToNextOption, help: "Numbers of requests at once.")
  var batch = [1, 2, 4, 8, 16, 32, 64, 128, 256]

  @Option(parsing: .upToNextOption, help: "Prompt tokens, beside those of the use cases.")
  var input: [Int] = []

  @Option(parsing: .upToNextOption, help: "Generated tokens, beside those of the use cases.")
  var output: [Int] = []

  @Option(name: [.customShort("o"), .customLong("page")], help: "The file to write.")
  var page = "estimates.html"

  @OptionGroup var json: JSONOptions

  /// The most estimates of a page, some 20 MB of it.
  private static let most = 5_000_000

  mutating func validate() throws {
    for (option, sizes, least) in [
      ("--devices", devices, 1), ("--batch", batch, 1), ("--input", input, 1),
      ("--output", output, 2),
    ] where !sizes.allSatisfy({ (least...1 << 24).contains($0) }) {
      throw UsageError("\(option) must be from \(least) to \(1 << 24)")
    }
    guard !types.isEmpty, !devices.isEmpty, !batch.isEmpty else {
      throw UsageError("--dtype, --devices and --batch must name one at least")
    }
  }

  mutating func execute() throws {
    try refuse(
      writing: [page],
      over: (model + platform + device).map { $0.split(separator: "#").first.map(String.init) })
    try requireOutputs([page])
    var subjects = ComparedSubjects(models: try models(), platforms: try platforms())
    subjects.types = types.enumerated().filter { !types[..<$0.offset].contains($0.element) }
      .map(\.element)
    subjects.devices = devices
    subjects.batches = batch
    subjects.inputs = input
    subjects.outputs = output
    let count = subjects.axes.count
    guard (1...Self.most).contains(count) else {
      throw Failure(
        .usage, "\(count) estimates are more than a page holds, \(Self.most); name fewer of each")
    }
    let start = processorSeconds()
    let result = try EstimatePage(subjects, toolVersion: toolVersion)
    try result.write(to: page)
    guard !json.isWanted else { return try printJSON(result.file) }
    print(
      """
      \(counted(result.count, "estimate")) of \(subjects.models.count) models on \(subjects.platforms.count) \
      platforms in \(fixedText(processorSeconds() - start, decimals: 2)) s of CPU
      wrote \(page), \(fixedText(Double(result.html.utf8.count) / 1e6, decimals: 2)) MB
      """)
  }

  private func models() throws -> [ComparedSubjects.Named<ModelArchitecture>] {
    let names = model.isEmpty ? ComparedSubjects.usualModels : model
    var models: [ComparedSubjects.Named<ModelArchitecture>] = []
    for name in names {
      let architecture = try modelArchitecture(named: name)
      guard architecture.generates else {
        throw Failure(.usage, "\(name) has no head to generate with; compare models that have")
      }
      guard !models.contains(where: { $0.value.name == architecture.name }) else {
        throw Failure(.usage, "\(architecture.name) is named twice in --model")
      }
      models.append(.init(architecture, argument: "--model " + shellWord(architecture.name)))
    }
    return models
  }

  private func platforms() throws -> [ComparedSubjects.Named<Platform>] {
    let names = platform.isEmpty && device.isEmpty ? ComparedSubjects.usualPlatforms : platform
    var platforms = try names.map {
      ComparedSubjects.Named(
        try describedPlatform(named: $0), argument: "--platform " + shellWord($0))
    }
    platforms += try device.map {
      ComparedSubjects.Named(
        Platform(try dataSheet(named: $0)), argument: "--device " + shellWord($0))
    }
    for (place, one) in platforms.enumerated()
    where platforms[..<place].contains(where: { $0.value.name == one.value.name }) {
      throw Failure(.usage, "\(one.value.name) is named twice in --platform and --device")
    }
    return platforms
  }
}

/// A word as a shell takes it for itself.
private func shellWord(_ word: String) -> String {
  let isPlain = word.allSatisfy {
    $0.isASCII && ($0.isLetter || $0.isNumber) || "-_./:+".contains($0)
  }
  return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
