/// Where the entries of a figure's legend stand: in rows of as many as fit.
///
/// - Parameters:
///   - mark: the width of the mark before each label, with the space to it.
///   - character: about how wide a character of the labels is.
///   - gap: what is left free after each label.
///   - width: of the figure.
func legendRows(
  _ labels: [String], mark: Double, character: Double, gap: Double, in width: Double
) -> [[(index: Int, label: String, x: Double)]] {
  var rows: [[(index: Int, label: String, x: Double)]] = []
  var x = width
  for (index, label) in labels.enumerated() {
    let size = mark + character * Double(label.count) + gap
    if x + size > width - 16 {
      rows.append([])
      x = 32
    }
    rows[rows.count - 1].append((index, label, x))
    x += size
  }
  return rows
}
