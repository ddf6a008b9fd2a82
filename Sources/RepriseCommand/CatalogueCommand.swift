import ArgumentParser
import Reprise

/// `reprise catalogue`: the models, devices and platforms that are built in.
struct CatalogueCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalogue",
    abstract: "List the built-in models, devices or platforms, with their sources.",
    discussion: """
      With --json an object as TraceSchemas/catalogue.schema.json describes it.

        reprise catalogue models
        reprise catalogue devices h100 --json
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable { case models, devices, platforms }

  @Argument(help: "What to list.")
  var kind: Kind

  @Argument(help: "Only those whose name holds this.")
  var word: String?

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    let (table, file): (TextTable, CatalogueFile)
    switch kind {
    case .models:
      let models = CatalogueModel.builtIns.filter { holds($0.names) }
      (table, file) = (TextTable(models: models), CatalogueFile(models: models))
    case .devices:
      let devices = Device.builtIns.filter { holds([$0.name] + $0.reportedNames) }
      (table, file) = (TextTable(devices: devices), CatalogueFile(devices: devices))
    case .platforms:
      let platforms = Platform.builtIns.filter { holds([$0.name, $0.device.name]) }
      (table, file) = (TextTable(platforms: platforms), CatalogueFile(platforms: platforms))
    }
    guard !table.rows.isEmpty else {
      throw Failure(.unavailable, "no \(kind.rawValue) with '\(word ?? "")' in the name")
    }
    if json.isWanted { try printJSON(file) } else { print(table.text, terminator: "") }
  }

  private func holds(_ names: [String]) -> Bool {
    guard let word else { return true }
    return names.contains { $0.lowercased().contains(word.lowercased()) }
  }
}
