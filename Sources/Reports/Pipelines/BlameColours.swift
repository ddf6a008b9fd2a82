import Replay

/// The colour of each part and pool of critical paths: the part decides the hue, the pool how deep it is.
struct BlameColours {
  /// What has a colour: a part and a pool.
  struct Key: Hashable {
    var part: BlamePart
    var pool: String
  }

  /// The colour of what is told together.
  static let rest = "#d0d7de"

  /// From the deepest to the palest, by part; texts on the first two are white.
  private static let hues: [BlamePart: [String]] = [
    .transfer: ["#b8560f", "#d4762c", "#e8a166", "#f3c9a3", "#f9e2cf"],
    .queue: ["#8a2f66", "#b35988", "#cf8db0", "#e3b9cf", "#f1dae6"],
    .service: ["#0550ae", "#2f7fd6", "#79aee6", "#aecdf0", "#d7e6f8"],
    .decode: ["#1a7f37", "#2da44e", "#7cc98f", "#afdfbb", "#d8f0de"],
  ]

  /// What is drawn, in the order of the legend: by part, in it by the largest share.
  let keys: [Key]
  private var depths: [Key: Int] = [:]

  /// Colours for all shares of some summaries.
  init(_ blame: [BlameSummary]) {
    var largest: [Key: Double] = [:]
    var order: [Key] = []
    for share in blame.flatMap(\.shares) {
      let key = Key(part: share.part, pool: share.pool)
      if largest[key] == nil { order.append(key) }
      largest[key] = max(largest[key] ?? 0, share.share)
    }
    keys = BlamePart.allCases.flatMap { part in
      order.filter { $0.part == part }.sorted {
        (largest[$0] ?? 0, $1.pool) > (largest[$1] ?? 0, $0.pool)
      }
    }
    for part in BlamePart.allCases {
      for (depth, key) in keys.filter({ $0.part == part }).enumerated() { depths[key] = depth }
    }
  }

  /// The colour of a part and pool, and of text on it.
  func colour(of key: Key) -> (fill: String, text: String) {
    let shades = Self.hues[key.part] ?? [Self.rest]
    let depth = min(depths[key] ?? 0, shades.count - 1)
    return (shades[depth], depth < 2 ? SVGCanvas.Colour.background : SVGCanvas.Colour.text)
  }

  /// The middle colour of a part, for figures that know no pools.
  static func colour(of part: BlamePart) -> String { hues[part]?[1] ?? rest }
}

extension BlameColours.Key {
  /// What it is about: "queue at prefill".
  var words: String { "\(part.word) \(pool)" }
}

/// Text that is no longer than so many characters.
func shortened(_ text: String, to count: Int) -> String {
  text.count <= count ? text : text.prefix(max(0, count - 1)) + "…"
}
