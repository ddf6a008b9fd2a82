import ArgumentParser
import Reprise

/// `reprise`: arguments in, calls to the library, exit codes out.
@main
struct RepriseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reprise",
    abstract: "Replay LLM inference from real measurements.")
}
