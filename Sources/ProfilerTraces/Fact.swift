extension String {
  /// The text as a fact about a run: short and printable, or nil.
  var asFact: String? {
    guard !isEmpty, utf8.count <= 100, unicodeScalars.allSatisfy({ (" "..."~").contains($0) })
    else { return nil }
    return self
  }
}
