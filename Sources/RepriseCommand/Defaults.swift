import ArgumentParser
import Foundation
import Reprise

/// Adds what `reprise.yaml` in the working directory says to a command's arguments.
///
/// An option that is given is never touched, so that the file can only fill in. Which options a command has
/// is asked of its own help.
enum Defaults {
  /// The file's name.
  static let fileName = "reprise.yaml"

  /// The file in the working directory, if it is there.
  static func read() throws -> CommandDefaults? {
    guard FileManager.default.fileExists(atPath: fileName) else { return nil }
    return try CommandDefaults(
      yaml: String(decoding: smallFile(fileName), as: UTF8.self), path: fileName)
  }

  /// The arguments with the defaults of their command.
  static func filled(_ arguments: [String]) throws -> [String] {
    guard let name = arguments.first, !name.hasPrefix("-"), name != "help",
      !arguments.contains("--help"), !arguments.contains("-h")
    else { return arguments }
    // What is wrong with the file is for the doctor to tell.
    let isDoctor = name == DoctorCommand.configuration.commandName
    guard let defaults = isDoctor ? try? read() : try read() else { return arguments }
    let commands = try commandHelp()
    try check(defaults, commands)
    guard let command = commands.first(where: { $0.commandName == name }) else { return arguments }
    var added: [String] = []
    for option in defaults.options where option.command == nil || option.command == name {
      guard let known = command.argument(option.name) else { continue }
      // What is for one command goes before what is for all.
      let isOwn = defaults.options.contains { $0.command == name && $0.name == option.name }
      if option.command == nil, isOwn { continue }
      guard !known.isGiven(in: arguments) else { continue }
      added += try known.text(
        option, defaults.path, isTurnedOffBy: command.argument("no-" + option.name) != nil)
    }
    return [name] + added + arguments.dropFirst()
  }

  private static func check(_ defaults: CommandDefaults, _ commands: [CommandHelp]) throws {
    for option in defaults.options {
      if let name = option.command {
        guard let command = commands.first(where: { $0.commandName == name }) else {
          throw ScenarioError(
            path: defaults.path, line: option.line,
            message: "there is no command '\(name)'; 'reprise --help' lists them")
        }
        guard command.argument(option.name) != nil else {
          throw ScenarioError(
            path: defaults.path, line: option.line,
            message: "'reprise \(name)' has no option '--\(option.name)'"
              + hint(option.name, [command]))
        }
      } else if !commands.contains(where: { $0.argument(option.name) != nil }) {
        throw ScenarioError(
          path: defaults.path, line: option.line,
          message: "no command has the option '--\(option.name)'" + hint(option.name, commands))
      }
    }
  }

  private static func hint(_ name: String, _ commands: [CommandHelp]) -> String {
    let names = commands.flatMap { $0.arguments ?? [] }.flatMap(\.longNames).filter { $0 != name }
    return nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
  }

  private static func commandHelp() throws -> [CommandHelp] {
    struct Tool: Decodable {
      var command: CommandHelp
    }
    let tool = try JSONDecoder().decode(Tool.self, from: Data(RepriseCommand._dumpHelp().utf8))
    return tool.command.subcommands ?? []
  }
}

/// What a command's help says of it, as the argument parser writes it.
private struct CommandHelp: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }

    var kind: String
    var names: [Name]?
    var isRepeating: Bool

    var longNames: [String] { (names ?? []).filter { $0.kind == "long" }.map(\.name) }

    /// Whether arguments give it, by any of its names.
    func isGiven(in arguments: [String]) -> Bool {
      var spelled = (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }
      if kind == "flag" { spelled += longNames.map { "--no-" + $0 } }
      return arguments.prefix { $0 != "--" }.contains { argument in
        spelled.contains { argument == $0 || argument.hasPrefix($0 + "=") }
      }
    }

    /// A default as arguments.
    ///
    /// - Parameter hasOpposite: whether the command has a flag that turns this one off.
    func text(
      _ option: CommandDefaults.Option, _ path: String, isTurnedOffBy hasOpposite: Bool
    ) throws -> [String] {
      guard kind == "flag" else {
        guard option.values.count == 1 || isRepeating else {
          throw ScenarioError(
            path: path, line: option.line, message: "'\(option.name)' has one value, not a list")
        }
        return option.values.flatMap { ["--" + option.name, $0] }
      }
      switch option.values {
      case ["true"]: return ["--" + option.name]
      case ["false"]: return hasOpposite ? ["--no-" + option.name] : []
      default:
        throw ScenarioError(
          path: path, line: option.line, message: "'\(option.name)' is true or false")
      }
    }
  }

  var commandName: String
  var arguments: [Argument]?
  var subcommands: [CommandHelp]?

  /// The option or flag of a long name; none of those that stand in for the command itself.
  func argument(_ name: String) -> Argument? {
    guard name != "help", name != "version" else { return nil }
    return arguments?.first { $0.kind != "positional" && $0.longNames.contains(name) }
  }
}
