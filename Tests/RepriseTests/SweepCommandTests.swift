import Foundation
import TestSupport
import Testing

/// `reprise sweep` as processes: shards, kills and the merge.
@Suite struct SweepCommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws {
    command = try CommandProcess()
    _ = try command.file(
      "base.yaml",
      """
      version: 1
      name: plain
      engines:
        - {name: chat, model: Llama-3.1-8B, device: h100, max_model_len: 8192}
      pipelines:
        - {name: chat, stages: [{do: generate, on: chat}]}
      workload:
        requests: 20
        arrivals: {kind: poisson, rate: 5}
        streams:
          - {name: chat, share: 1, input: 300, output: 100}
      """)
    _ = try command.file(
      "sweep.yaml",
      """
      version: 1
      pipeline: base.yaml
      fields: {engines.chat.count: [1, 2], workload.arrivals.rate: [2, 20, 200]}
      seeds: [1, 2, 3, 4]
      """)
  }

  private func plan(_ name: String, _ file: String = "sweep.yaml") throws -> String {
    let folder = directory.path(name)
    let run = try command.run(["sweep", "plan", directory.path(file), "-o", folder])
    #expect(run.code == 0, "\(run.errors)")
    return folder
  }

  private func merged(_ folder: String, _ name: String) throws -> Data {
    let run = try command.run(["sweep", "merge", folder, "-o", directory.path(name)])
    #expect(run.code == 0, "\(run.errors)")
    return try Data(contentsOf: URL(filePath: directory.path(name)))
  }

  @Test(arguments: ["results.json", "results.csv"])
  func `Shards, a kill and one whole run give the same bytes`(_ name: String) throws {
    let whole = try plan("whole")
    #expect(try command.run(["sweep", "run", whole]).code == 0)
    let parts = try plan("parts")
    let killed = try command.process(["sweep", "run", parts, "--threads", "1"])
    killed.standardOutput = FileHandle.nullDevice
    killed.standardError = FileHandle.nullDevice
    try killed.run()
    while try FileManager.default.contentsOfDirectory(atPath: parts + "/results").count < 2,
      killed.isRunning
    { usleep(1000) }
    kill(killed.processIdentifier, SIGKILL)
    killed.waitUntilExit()
    for shard in ["3/3", "1/3", "2/3"] {
      #expect(try command.run(["sweep", "run", parts, "--shard", shard]).code == 0)
    }
    #expect(try merged(parts, "a-" + name) == merged(whole, "b-" + name))
  }

  @Test func `What is missing is named, with exit code 69`() throws {
    let folder = try plan("part")
    #expect(try command.run(["sweep", "run", folder, "--shard", "1/2"]).code == 0)
    let run = try command.run(["sweep", "merge", folder, "-o", directory.path("r.json")])
    #expect(run.code == 69)
    #expect(run.errors.contains("12 scenarios have no result"))
    for action in ["run", "merge"] {
      let nothing = try command.run(["sweep", action, directory.path("")])
      #expect(nothing.code == 69)
      #expect(nothing.errors.contains("no sweep is planned in it"))
      let gone = try command.run(["sweep", action, directory.path("none")])
      #expect(gone.code == 66, "as any input that is not there")
      #expect(gone.errors.contains("no such folder"))
    }
  }

  @Test func `A scenario that fails is noted, and the others have their results`() throws {
    _ = try command.file(
      "bad.yaml",
      "version: 1\npipeline: base.yaml\nfields: {engines.chat.device: [h100, h1000, h200]}\n")
    let folder = try plan("bad", "bad.yaml")
    let run = try command.run(["sweep", "run", folder])
    #expect(run.code == 65)
    #expect(run.errors.contains("1 scenario failed"))
    let csv = try #require(String(data: merged(folder, "bad.csv"), encoding: .utf8))
    #expect(csv.split(separator: "\n").count == 4)
    #expect(csv.contains("no data sheet for device 'h1000'"))
  }

  @Test func `A sweep of which every scenario failed is merged with exit code 65`() throws {
    _ = try command.file(
      "bad.yaml", "version: 1\npipeline: base.yaml\nfields: {engines.chat.device: [h1000, h2000]}\n"
    )
    let folder = try plan("bad", "bad.yaml")
    #expect(try command.run(["sweep", "run", folder]).code == 65)
    let merge = try command.run(["sweep", "merge", folder, "-o", directory.path("bad.csv")])
    #expect(merge.code == 65)
    #expect(merge.errors.contains("every scenario failed"), "\(merge.errors)")
    #expect(FileManager.default.fileExists(atPath: directory.path("bad.csv")))
  }

  @Test(arguments: [
    ("engines.chat.count: [1, 0]", "with engines.chat.count = 0: "),
    ("workload.arrivals.rate: [5, 10, -2]", "with workload.arrivals.rate = -2: "),
    ("engines.chat.max_num_seqs: [8, many]", "with engines.chat.max_num_seqs = many: "),
    ("engines.chat.cuont: [1]", "engines.chat.cuont = 1, seed = 1: "),
    (
      "engines.0.device: [a100]",
      "bad.yaml:3: 'engines.0.device' and 'engines.chat.device' are of one place"
    ),
    ("seed: [3]", "bad.yaml:3: 'seed' and 'seeds' are of one place"),
    ("engines.chat.count: [1, 2, 1]", "bad.yaml:3: 'engines.chat.count' has '1' twice"),
  ])
  func `A value that cannot be is refused when it is planned, by its field`(
    field: String, words: String
  )
    throws
  {
    _ = try command.file(
      "bad.yaml",
      "version: 1\npipeline: base.yaml\nfields: {engines.chat.device: [h100, h200], \(field)}\nseeds: [1, 2]\n"
    )
    let folder = directory.path("planned")
    let run = try command.run(["sweep", "plan", directory.path("bad.yaml"), "-o", folder])
    #expect(run.code == 65)
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func `What is wrong with the base file is told of it, and of no field`() throws {
    let base = try String(contentsOfFile: directory.path("base.yaml"), encoding: .utf8)
    _ = try command.file("base.yaml", base + "\nnonsense: 1\n")
    let run = try command.run([
      "sweep", "plan", directory.path("sweep.yaml"), "-o", directory.path("planned"),
    ])
    #expect(run.code == 65)
    let line = base.split(separator: "\n", omittingEmptySubsequences: false).count + 1
    #expect(run.errors.contains("base.yaml:\(line): a scenario has no key 'nonsense'"))
    #expect(!run.errors.contains("with "), "\(run.errors)")
  }
}
