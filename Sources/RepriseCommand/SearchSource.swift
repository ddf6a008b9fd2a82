import Foundation
import Reprise

/// What a search reads: its file, the requests, and what is known of the devices.
struct SearchSource {
  let space: SearchSpace
  let search: DesignSearch
  let table: RequestTable
  /// The files that were read as a log.
  let inputs: [InputSummary]
  /// What was made of the log, for the result.
  let echo: [String: ResultValue]?
  /// What the requests and the prices are, in lines.
  let text: String
  /// What a user should know before believing the result.
  let warnings: [String]
  /// Where the file is, to which paths in it are relative.
  private let folder: String

  /// Reads what a command names.
  init(_ command: DesignSearchCommand) throws {
    let path = command.search
    let folder = RepriseCommand.folder(of: path)
    let space = try SearchSpace(yaml: String(decoding: smallFile(path), as: UTF8.self), path: path)
    (self.folder, self.space) = (folder, space)
    let model = try named(in: path) { try modelArchitecture(named: space.model, beside: folder) }
    let sheets = try space.devices.map { stock in
      try named(in: path) { try dataSheet(named: stock.device, beside: folder) }
    }
    let store = try command.database.map { try OperatorStore(path: $0, mode: .readOnly) }
    var groups = GroupEvidence(from: store, of: model)
    let search = try DesignSearch(space, model, devices: sheets) { group, device in
      let known = try groups.of(group, on: device)
      var evidence = DesignSearch.Evidence(curves: known.curves, relatives: known.relatives)
      evidence.calibration = try store?.calibration(of: .init(group, model, on: device))
      return evidence
    }
    self.search = search
    var lines: [String]
    var warnings: [String] = []
    if let log = command.log {
      let log = try ReplayedLog(
        path: log, content: nil, limit: command.requests, options: command.part.options,
        reading: command.part.log.reading())
      table = log.table
      inputs = log.inputs
      echo = log.workload.echo
      lines = ["log \(command.log ?? "")", log.summary.text]
      lines += [log.workload.text].compactMap(\.self)
      warnings = log.summary.warnings
      let givenUp = log.workload.records.count { $0.cancelled != nil }
      if 100 * givenUp > log.workload.records.count {
        warnings.append(
          "clients gave up \(givenUp) of \(log.workload.records.count) requests in the log, which are later than all "
            + "others: hardly any design can hold a P99 of them")
      }
    } else {
      guard let workload = space.workload else {
        throw Failure(.usage, "\(path) has no 'workload'; add one, or give --log")
      }
      var drawn = try SyntheticRequests(workload)
      var records: [RequestRecord] = []
      while records.count < command.requests ?? .max, let record = drawn.next() {
        records.append(record)
      }
      guard !records.isEmpty else { throw Failure(.data, "\(path): no request arrives") }
      table = RequestTable(WorkloadOptions().workload(of: records))
      inputs = []
      echo = nil
      lines = [
        "\(counted(records.count, "request is", "requests are")) drawn, seed \(space.seed): "
          + "\(fixedText(workload.rate, decimals: 3)) requests/s"
      ]
    }
    for (stock, sheet) in zip(space.devices, sheets) {
      let price = (stock.pricePerHour ?? sheet.pricePerHour).map {
        "$\(fixedText($0, decimals: 2)) an hour"
      }
      let curves = groups.mostCurves(on: sheet)
      lines.append(
        "up to \(stock.count) × \(stock.device), \(price ?? "no price known"), \(counted(curves, "curve"))"
      )
      if curves == 0 {
        warnings.append(
          "no measurements of \(stock.device): steps cost their roofline, which no server reaches")
      }
    }
    if search.countsDevices, space.objective != .devices {
      warnings.append("a device has no price: devices are counted instead of dollars")
    }
    text = lines.joined(separator: "\n")
    self.warnings = warnings
  }

  /// A design as a deployment that a file can hold, wherever that lies: its memory is derived again.
  func deployment(of number: Int) -> Deployment {
    var deployment = search.deployment(of: search.designs[number])
    let kinds = search.combinations[search.designs[number].combination].kinds
    if ModelArchitecture.builtIn(named: deployment.model) == nil {
      deployment.model = absolute(deployment.model)
    }
    for (place, kind) in kinds.enumerated() {
      if Device.builtIn(named: deployment.engines[place].device) == nil {
        deployment.engines[place].device = absolute(deployment.engines[place].device)
      }
      deployment.engines[place].blockCount = search.kinds[kind].choice.group.blockCount
      deployment.engines[place].keyValues = nil
    }
    return deployment
  }

  /// A path in the file, from the root on.
  private func absolute(_ path: String) -> String {
    URL(filePath: RepriseCommand.filePath(path, beside: folder)).standardizedFileURL.path
  }
}
