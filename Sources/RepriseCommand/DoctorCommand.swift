import ArgumentParser
import Foundation
import Reprise

/// `reprise doctor`: is everything there that a run needs.
struct DoctorCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check the set-up, a database and a deployment.",
    discussion: """
      Says of each part whether it is as it should be, and what to do where it is not. Ends with 69 if \
      anything is broken; what is merely slow or unknown is a note. With --json prints an object as \
      TraceSchemas/doctor.schema.json describes it.

        reprise doctor
        reprise doctor --db lat.sqlite --deployment server.yaml
      """)

  /// How a part is.
  enum State: String, Encodable {
    case good = "ok"
    case note
    case broken
  }

  /// One part, and what was found.
  struct Finding: Encodable {
    var part: String
    var state: State
    var text: String
  }

  /// What `--json` prints; `TraceSchemas/doctor.schema.json` describes it.
  struct Document: Encodable {
    let schema = "reprise.doctor"
    let version = 1
    var parts: [Finding]
  }

  @Option(name: .customLong("db"), help: "A database to look into.", completion: .file())
  var database: String?

  @Option(help: "A deployment to check, against the database if there is one.", completion: .file())
  var deployment: String?

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    var findings = [program, libraries, machine, folder]
    findings.append(catalogue)
    findings += defaults
    let store = database.map { path in Result { try OperatorStore(path: path, mode: .readOnly) } }
    if let store, let database { findings += look(into: store, at: database) }
    if let deployment { findings += check(deployment, with: try? store?.get()) }

    if json.isWanted {
      try printJSON(Document(parts: findings))
    } else {
      var table = TextTable([.init("part", .left), .init("", .left), .init("", .left)])
      for finding in findings { table.add([finding.part, finding.state.rawValue, finding.text]) }
      print(table.text, terminator: "")
    }
    if findings.contains(where: { $0.state == .broken }) {
      throw Failure(.unavailable, "something is broken; see above")
    }
  }

  private var program: Finding {
    #if DEBUG
      Finding(
        part: "program", state: .note,
        text:
          "reprise \(toolVersion), a debug build: some 20 times slower than 'swift build -c release'"
      )
    #else
      Finding(part: "program", state: .good, text: "reprise \(toolVersion), a release build")
    #endif
  }

  private var libraries: Finding {
    Finding(
      part: "libraries", state: .good,
      text: libraryVersions().map { "\($0.name) \($0.version)" }.joined(separator: ", "))
  }

  private var machine: Finding {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let memory = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
    return Finding(
      part: "machine", state: .good,
      text: "\(processors) processors, \(fixedText(memory, decimals: 1)) GB of memory")
  }

  private var folder: Finding {
    let path = FileManager.default.currentDirectoryPath
    guard FileManager.default.isWritableFile(atPath: path) else {
      return Finding(
        part: "folder", state: .note, text: "\(path) cannot be written to: give -o another path")
    }
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
    let free = (attributes?[.systemFreeSize] as? NSNumber).map { $0.doubleValue / 1e9 }
    let text = free.map { "\(fixedText($0, decimals: 1)) GB free" } ?? "free space unknown"
    return Finding(part: "folder", state: free.map { $0 < 1 } == true ? .note : .good, text: text)
  }

  private var catalogue: Finding {
    Finding(
      part: "catalogue", state: .good,
      text: "\(CatalogueModel.builtIns.count) models, \(Device.builtIns.count) devices, "
        + "\(Platform.builtIns.count) platforms")
  }

  private var defaults: [Finding] {
    func finding(_ state: State, _ text: String) -> Finding {
      Finding(part: Defaults.fileName, state: state, text: text)
    }
    do {
      guard let defaults = try Defaults.read() else { return [] }
      let problems = try Defaults.problems(of: defaults)
      guard problems.isEmpty else { return problems.map { finding(.broken, $0) } }
      let options = defaults.options.map { option in
        (option.command.map { $0 + ": " } ?? "") + "--\(option.name) "
          + option.values.joined(separator: ",")
      }
      let missing = try Defaults.missingFiles(of: defaults)
      return [finding(.good, options.isEmpty ? "no defaults" : options.joined(separator: "; "))]
        + (missing.isEmpty ? [] : [finding(.note, "not there: " + missing.joined(separator: ", "))])
    } catch {
      return [finding(.broken, Failure(error).description)]
    }
  }

  private func look(into store: Result<OperatorStore, any Error>, at path: String) -> [Finding] {
    do {
      let store = try store.get()
      let problems = try store.problems()
      guard problems.isEmpty else {
        return [
          Finding(
            part: "database", state: .broken,
            text: "\(path): \(problems.prefix(3).joined(separator: "; ")); import its sources again"
          )
        ]
      }
      let devices = try store.deviceNames()
      let samples = try store.sampleCount()
      let sources = try store.sources().count
      var findings = [
        Finding(
          part: "database", state: samples > 0 ? .good : .note,
          text: "\(path): \(counted(samples, "sample")) of \(counted(sources, "source"))"
            + (samples > 0 ? "" : "; import some"))
      ]
      for name in devices {
        let hasSheet = Device.builtIn(named: name) != nil
        findings.append(
          Finding(
            part: "device", state: hasSheet ? .good : .note,
            text: hasSheet
              ? "\(name) has a data sheet"
              : "\(name) has no data sheet: nothing can be predicted; import with --device NAME"))
      }
      return findings
    } catch {
      return [Finding(part: "database", state: .broken, text: Failure(error).description)]
    }
  }

  private func check(_ path: String, with store: OperatorStore?) -> [Finding] {
    do {
      let options = DeploymentOptions(path: path)
      let deployment = try options.read()
      return try options.plans(for: deployment, from: store, isCalibrated: true).map { plan in
        let isSure = plan.curveCount > 0 && plan.warnings.isEmpty
        return Finding(
          part: plan.group.name, state: isSure ? .good : .note,
          text: ([plan.prices] + plan.warnings).joined(separator: "; "))
      }
    } catch {
      return [Finding(part: "deployment", state: .broken, text: Failure(error).description)]
    }
  }
}
