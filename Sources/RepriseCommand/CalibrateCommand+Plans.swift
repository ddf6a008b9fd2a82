import Reprise

extension CalibrateCommand {
  /// Holds the promises of measurement plans against what was measured.
  func checkPromises() throws {
    let store = try database.open(.readOnly)
    var isEmpty = true
    for (name, sheet) in try checkedDevices(in: store) {
      let curves = try store.curves(on: sheet).compactMap(checking.part)
      let check = PlanCheck(curves, on: sheet, points: planPoints)
      guard !check.rows.isEmpty else { continue }
      isEmpty = false
      print(
        "\(name): plans of \(planPoints) points for made runs, in percent of a run's time, root mean "
          + "squares over \(check.rows[0].runs) runs")
      print(TextTable(check).text, terminator: "")
    }
    if isEmpty {
      throw Failure(.data, "\(database.path): no curve that was asked for has enough points")
    }
  }
}
