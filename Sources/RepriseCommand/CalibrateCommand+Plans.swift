import Reprise

extension CalibrateCommand {
  /// Holds the promises of measurement plans against what was measured.
  func checkPromises() throws {
    let store = try database.open(.readOnly)
    let points = planPoints ?? 10
    var report = PlanCheckReport()
    for (name, sheet) in try checkedDevices(in: store) {
      let curves = checking.parts(of: try store.curves(on: sheet))
      let part = PlanCheckReport.Part(
        device: name, points: points, check: PlanCheck(curves, on: sheet, points: points))
      guard !part.check.rows.isEmpty else { continue }
      report.parts.append(part)
      if !json.isWanted { print(part.text, terminator: "") }
    }
    guard !report.parts.isEmpty else {
      throw Failure(.data, "\(database.path): no curve that was asked for has enough points")
    }
    if json.isWanted { print(try report.json()) }
  }
}
