extension HTML {
  /// Adds a table that scrolls sideways where it is wider than the page.
  ///
  /// Cells that begin a row are its heading.
  mutating func table(_ table: TextTable, caption: String) {
    guard !table.rows.isEmpty else { return }
    self.table(table.columns, caption: caption) { body in
      for cells in table.rows where !cells.isEmpty {
        body.element("tr") { row in
          for (index, column) in table.columns.enumerated() {
            let text = index < cells.count ? cells[index] : ""
            let alignment = column.alignment == .left ? "left" : "right"
            if index == 0 {
              // What is indented in a terminal is here, too.
              let indent = text.prefix { $0 == " " }.count
              row.element(
                "th", ["scope": "row", "class": alignment],
                text: String(repeating: "\u{2003}", count: indent / 2) + text.dropFirst(indent))
            } else {
              row.element(
                "td", ["class": text.count > 60 ? alignment + " wrap" : alignment], text: text)
            }
          }
        }
      }
    }
  }

  /// Adds the frame of such a table, with the rows that `body` adds to it.
  mutating func table(
    _ columns: [TextTable.Column], caption: String, _ body: (inout HTML) -> Void
  ) {
    element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) {
      $0.element("table") { html in
        html.element("caption", text: caption)
        html.element("thead") {
          $0.element("tr") { row in
            for column in columns {
              row.element(
                "th", ["scope": "col", "class": column.alignment == .left ? "left" : "right"],
                text: column.title)
            }
          }
        }
        html.element("tbody") { body(&$0) }
      }
    }
  }

  /// Adds a figure of ours; `label` is read to those who do not see it.
  mutating func figure(_ svg: String, label: String) {
    element("figure", ["class": "figure"]) {
      $0.add(markup: svg)
      $0.element("figcaption", text: label)
    }
  }
}
