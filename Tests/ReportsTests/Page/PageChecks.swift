import PageAssets

/// What in a page could reach for something outside it.
func fetches(in html: String) -> [String] {
  // The plot library's comments name pages; it fetches nothing.
  guard html.contains(PageAssets.plotScript) else { return ["no plot library"] }
  let own = html.replacing(PageAssets.plotScript, with: "")
    .replacing("xmlns=\"http://www.w3.org/2000/svg\"", with: "")
  return [" src=", "@import", "url(", "http://", "https://", "//cdn", "<iframe", "fetch("]
    .filter(own.contains)
}

/// Elements that are not closed, ids that are there twice, and ways within the page that lead nowhere.
func faults(inStructureOf html: String) -> [String] {
  let body = html.split(separator: "<script", maxSplits: 1).first.map(String.init) ?? ""
  let void: Set = ["meta", "link", "!doctype"]
  var faults: [String] = []
  var open: [String] = []
  for match in body.matches(of: #/<(/?)([a-zA-Z!][a-zA-Z0-9]*)[^>]*?(/?)>/#) {
    let name = String(match.2).lowercased()
    if void.contains(name) || match.3 == "/" { continue }
    if match.1 == "/" {
      if open.popLast() != name { faults.append("</\(name)> closes another") }
    } else {
      open.append(name)
    }
  }
  if open != ["html", "body"] { faults.append("left open: \(open)") }
  let ids = body.matches(of: #/ id="([^"]*)"/#).map { String($0.1) }
  if Set(ids).count != ids.count { faults.append("an id is there twice") }
  for match in body.matches(of: ##/href="#([^"]*)"/##) where !ids.contains(String(match.1)) {
    faults.append("#\(match.1) leads nowhere")
  }
  return faults
}
