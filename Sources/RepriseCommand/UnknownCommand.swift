import ArgumentParser
import Foundation
import Reprise

extension RepriseCommand {
  /// Refuses a word that stands where a command is named and is none, with the one that it comes near.
  ///
  /// The argument parser calls it an unexpected argument, or takes it for one of a command's default subcommand.
  static func checkCommandNames(in arguments: [String]) throws {
    var command: any ParsableCommand.Type = RepriseCommand.self
    var path = ["reprise"]
    for name in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
      let known = command.configuration.subcommands
      guard !known.isEmpty, !name.hasPrefix("-"), name != "help" else { return }
      if let next = known.first(where: { $0.configuration.commandName == name }) {
        command = next
        path.append(name)
        continue
      }
      let shown = known.map { $0.configuration }.filter { $0.shouldDisplay }
        .compactMap { $0.commandName }
      let hint = nearestName(to: name, among: shown).map { "; did you mean '\($0)'?" }
      // Where a command has a default, any word may be what that takes, above all what looks like a file.
      let isFile =
        name.contains { "./".contains($0) } || FileManager.default.fileExists(atPath: name)
      let isMistyped = hint != nil && !isFile
      guard command.configuration.defaultSubcommand == nil || isMistyped else { return }
      throw Failure(
        .usage,
        "there is no command '\((path + [name]).joined(separator: " "))'"
          + (hint ?? "; '\(path.joined(separator: " ")) --help' lists them"))
    }
  }
}
