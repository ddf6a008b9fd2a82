/// The known name that is nearest to one that is not known, for a hint in an error.
///
/// What stands before a name's first hyphen may be meant for all of it: 'h1000' is one edit from the 'h100' of
/// 'h100-sxm', and two from 'a6000'.
///
/// - Returns: The shortest name that begins with it, if it has three letters or more; else the name at the least edit
///   distance, of equals the first; or nil if none is within half of the longer one's length.
package func nearestName(to unknown: String, among known: [String]) -> String? {
  let letters = Array(unknown.utf8.prefix(128))
  let longer = known.filter { $0 != unknown && $0.hasPrefix(unknown) }
  if letters.count > 2, let shortest = longer.min(by: { $0.utf8.count < $1.utf8.count }) {
    return shortest
  }
  var best: String?
  var least = Int.max
  for name in known {
    let whole = Array(name.utf8)
    let head = Array(whole.prefix { $0 != UInt8(ascii: "-") })
    for (part, more) in [(whole, 0), (head, 1)] where more == 0 || head.count < whole.count {
      let distance = 2 * editDistance(letters, part) + more
      guard distance < least, distance - more <= max(letters.count, part.count) else { continue }
      least = distance
      best = name
    }
  }
  return best
}

/// Insertions, removals and replacements that turn one into the other (Levenshtein).
///
/// - Complexity: O(n · m) time, O(m) memory.
func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var row = Array(0...right.count)
  for (i, letter) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in right.indices {
      let replaced = diagonal + (letter == right[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[right.count]
}
