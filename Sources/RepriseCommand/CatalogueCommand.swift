import ArgumentParser
import Reprise

/// `reprise catalogue`: the models, devices and platforms that are built in.
struct CatalogueCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalogue",
    abstract: "List the built-in models, devices or platforms, with their sources.",
    discussion: """
        reprise catalogue models
        reprise catalogue devices h100
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable { case models, devices, platforms }

  @Argument(help: "What to list.")
  var kind: Kind

  @Argument(help: "Only those whose name holds this.")
  var word: String?

  mutating func execute() throws {
    let table =
      switch kind {
      case .models: TextTable(models: CatalogueModel.builtIns.filter { holds($0.names) })
      case .devices:
        TextTable(devices: Device.builtIns.filter { holds([$0.name] + $0.reportedNames) })
      case .platforms:
        TextTable(platforms: Platform.builtIns.filter { holds([$0.name, $0.device.name]) })
      }
    guard !table.rows.isEmpty else {
      throw Failure(.unavailable, "no \(kind.rawValue) with '\(word ?? "")' in the name")
    }
    print(table.text, terminator: "")
  }

  private func holds(_ names: [String]) -> Bool {
    guard let word else { return true }
    return names.contains { $0.lowercased().contains(word.lowercased()) }
  }
}
