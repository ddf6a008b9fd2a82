import Replay
import Validation

extension ResourceTotals {
  /// Energy and cost, in all and of a token; nil where neither is known.
  var table: TextTable? {
    guard joules != nil || cost != nil else { return nil }
    var table = TextTable([
      .init("energy and cost", .left), .init("total"), .init("per output token"),
      .init("not known of", .left),
    ])
    func names(_ pools: [String]) -> String {
      pools.prefix(6).joined(separator: ", ") + (pools.count > 6 ? ", …" : "")
    }
    if let joules {
      table.add([
        "energy", "\(fixedText(joules / 1000, decimals: 3)) kJ",
        joulesPerOutputToken.map { "\(fixedText($0, decimals: 4)) J" } ?? "",
        names(poolsWithoutPower),
      ])
    }
    if let cost {
      table.add([
        "cost", fixedText(cost, decimals: 4),
        costPerMillionOutputTokens.map { "\(fixedText($0, decimals: 4)) a million" }
          ?? "",
        names(poolsWithoutPrice),
      ])
    }
    return table
  }
}
