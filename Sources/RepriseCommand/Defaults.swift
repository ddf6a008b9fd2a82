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
    do {
      return try added(to: arguments)
    } catch {
      // What is wrong with the file is for the doctor to tell.
      guard name == DoctorCommand.configuration.commandName else { throw error }
      return arguments
    }
  }

  private static func added(to arguments: [String]) throws -> [String] {
    guard let defaults = try read() else { return arguments }
    let commands = try commandHelp()
    for option in defaults.options {
      if let problem = unknown(option, defaults.path, commands) { throw problem }
    }
    guard let command = CommandHelp.meant(by: arguments, among: commands) else { return arguments }
    let words = arguments.starts(with: command.path) ? command.path.count : 1
    let (path, given) = (arguments.prefix(words), arguments.dropFirst(words))
    var added: [String] = []
    var forAll: [[String]] = []
    for option in defaults.options where option.command == nil || option.command == command.name {
      guard let known = command.argument(option.name) else { continue }
      // What is for one command goes before what is for all.
      let isOwn = defaults.options.contains { $0.command == command.name && $0.name == option.name }
      if option.command == nil, isOwn { continue }
      guard !known.isGiven(in: Array(given)) else { continue }
      let text = try command.text(option, for: known, defaults.path)
      if option.command == nil { forAll.append(text) } else { added += text }
    }
    /// 'inspect FILE' takes no '--db', though 'inspect --outliers' does: what is for all goes where it fits.
    func fits(_ text: [String]) -> Bool {
      let rest = added + given
      guard refusal(of: path + rest) == nil, let problem = refusal(of: path + text + rest)
      else { return true }
      // One that is no value of this command's option may be one of another's.
      guard problem.hasPrefix("The value "), let option = text.first?.dropFirst(2) else {
        return false
      }
      return commands.allSatisfy { other in
        guard let known = other.argument(String(option)) else { return true }
        return refusal(of: other.leastArguments(besides: known) + text)?.hasPrefix("The value ")
          == true
      }
    }
    // One may need another that stands behind it.
    while let next = forAll.firstIndex(where: fits) { added += forAll.remove(at: next) }
    return path + added + given
  }

  /// What the command says of arguments that it does not take; nil where it takes them.
  private static func refusal(of arguments: [String]) -> String? {
    do {
      _ = try RepriseCommand.parseAsRoot(arguments)
      return nil
    } catch {
      return RepriseCommand.message(for: error)
    }
  }

  /// What is wrong with each default that cannot be used, in the order of the file.
  static func problems(of defaults: CommandDefaults) throws -> [String] {
    let commands = try commandHelp()
    return defaults.options.compactMap { option in
      if let problem = unknown(option, defaults.path, commands) { return problem.description }
      var (mistyped, isTaken) = (String?.none, false)
      for command in commands where option.command == nil || option.command == command.name {
        guard let known = command.argument(option.name) else { continue }
        do {
          let text = try command.text(option, for: known, defaults.path)
          _ = try RepriseCommand.parseAsRoot(command.leastArguments(besides: known) + text)
          isTaken = true
        } catch let error as ScenarioError {
          return error.description
        } catch {
          // Other arguments stand in for those of a user; only what is said of this one counts.
          let message = RepriseCommand.message(for: error)
            .split(whereSeparator: \.isNewline).joined(separator: " ")
          let name = "--\(option.name)"
          guard message.hasPrefix(name + " ") || message.contains("'" + name) else {
            isTaken = true
            continue
          }
          let problem = "\(defaults.path):\(option.line): \(message)"
          guard message.hasPrefix("The value ") else { return problem }
          mistyped = mistyped ?? problem
        }
      }
      return isTaken ? nil : mistyped
    }
  }

  /// The defaults that name files or folders which are not there.
  static func missingFiles(of defaults: CommandDefaults) throws -> [String] {
    let commands = try commandHelp()
    return defaults.options.flatMap { option in
      let isInput = commands.contains { command in
        (option.command == nil || option.command == command.name)
          && command.argument(option.name)?.isFile == true
      }
      return option.values.filter {
        isInput && $0 != "-" && !FileManager.default.fileExists(atPath: $0)
      }.map { "--\(option.name) \($0)" }
    }
  }

  /// What is wrong with a default of no command or no option; nil where both are known.
  private static func unknown(
    _ option: CommandDefaults.Option, _ path: String, _ commands: [CommandHelp]
  ) -> ScenarioError? {
    guard let name = option.command else {
      return commands.contains { $0.argument(option.name) != nil }
        ? nil
        : ScenarioError(
          path: path, line: option.line,
          message: "no command has the option '--\(option.name)'" + hint(option.name, commands))
    }
    let own = commands.filter { $0.name == name }
    guard !own.isEmpty else {
      return ScenarioError(
        path: path, line: option.line,
        message: "there is no command '\(name)'; 'reprise --help' lists them")
    }
    return own.contains { $0.argument(option.name) != nil }
      ? nil
      : ScenarioError(
        path: path, line: option.line,
        message: "'reprise \(name)' has no option '--\(option.name)'" + hint(option.name, own))
  }

  private static func hint(_ name: String, _ commands: [CommandHelp]) -> String {
    let names = commands.flatMap(\.optionNames).filter { $0 != name }
    return nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// What can be run: commands, and of those that have any their subcommands.
  private static func commandHelp() throws -> [CommandHelp] {
    struct Tool: Decodable {
      var command: CommandHelp
    }
    let tool = try JSONDecoder().decode(Tool.self, from: Data(RepriseCommand._dumpHelp().utf8))
    return tool.command.commands
  }
}

/// What a command's help says of it, as the argument parser writes it.
private struct CommandHelp: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }

    /// What a shell completes a value to.
    struct Completion: Decodable {
      struct File: Decodable {}

      var file: File?
    }

    var kind: String
    var names: [Name]?
    var isOptional: Bool
    var isRepeating: Bool
    var completionKind: Completion?

    var longNames: [String] { (names ?? []).filter { $0.kind == "long" }.map(\.name) }

    /// Whether its value is the path of a file that is read.
    var isFile: Bool {
      completionKind?.file != nil
        && longNames.allSatisfy { !["output", "figure", "svg"].contains($0) }
    }

    /// Whether arguments give it, by any of its names, or the opposite.
    func isGiven(in arguments: [String]) -> Bool {
      var spelled = (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }
      spelled += longNames.map {
        $0.hasPrefix("no-") ? "--" + $0.dropFirst("no-".count) : "--no-" + $0
      }
      return arguments.prefix { $0 != "--" }.contains { argument in
        spelled.contains { argument == $0 || argument.hasPrefix($0 + "=") }
      }
    }
  }

  private var commandName: String
  private var defaultSubcommand: String?
  private var arguments: [Argument]?
  private var subcommands: [CommandHelp]?
  /// The words that run it; not in the help.
  private(set) var path: [String] = []
  /// Whether it is what the words before its last one run.
  private var isDefault = false

  private enum CodingKeys: String, CodingKey {
    case commandName, defaultSubcommand, arguments, subcommands
  }

  /// The first of its words, under which its defaults stand.
  var name: String { path.first ?? commandName }

  /// The long names of its options.
  var optionNames: [String] { (arguments ?? []).flatMap(\.longNames) }

  /// What can be run of a whole tool.
  var commands: [CommandHelp] { (subcommands ?? []).flatMap { $0.runnable() } }

  /// The command itself, or its subcommands, with the words that run them.
  func runnable(after words: [String] = []) -> [CommandHelp] {
    guard let subcommands, !subcommands.isEmpty else {
      var own = self
      own.path = words + [commandName]
      return [own]
    }
    return subcommands.flatMap { command in
      command.runnable(after: words + [commandName]).map { runnable in
        var runnable = runnable
        runnable.isDefault = command.commandName == defaultSubcommand
        return runnable
      }
    }
  }

  /// The command that arguments run: that of their words, or else what its first word runs without another.
  static func meant(by arguments: [String], among commands: [CommandHelp]) -> CommandHelp? {
    commands.first { arguments.starts(with: $0.path) }
      ?? commands.first { $0.isDefault && $0.name == arguments.first }
  }

  /// The option or flag of a long name; none of those that stand in for the command itself.
  func argument(_ name: String) -> Argument? {
    guard name != "help", name != "version" else { return nil }
    return arguments?.first { $0.kind != "positional" && $0.longNames.contains(name) }
  }

  /// A default as arguments.
  func text(
    _ option: CommandDefaults.Option, for argument: Argument, _ path: String
  ) throws(ScenarioError) -> [String] {
    guard argument.kind == "flag" else {
      guard option.values.count == 1 || argument.isRepeating else {
        throw ScenarioError(
          path: path, line: option.line, message: "'\(option.name)' has one value, not a list")
      }
      return option.values.flatMap { ["--" + option.name, $0] }
    }
    switch option.values {
    case ["true"]: return ["--" + option.name]
    // Only some commands have a flag that turns this one off.
    case ["false"]: return self.argument("no-" + option.name) != nil ? ["--no-" + option.name] : []
    default:
      throw ScenarioError(
        path: path, line: option.line, message: "'\(option.name)' is true or false")
    }
  }

  /// The command with something for each argument that it cannot do without.
  func leastArguments(besides given: Argument) -> [String] {
    let needed = (arguments ?? []).filter {
      !$0.isOptional && $0.longNames != given.longNames
    }
    return path + needed.flatMap { $0.longNames.prefix(1).map { "--" + $0 } + ["x"] }
  }
}
