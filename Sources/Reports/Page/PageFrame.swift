import Foundation
import PageAssets

/// What is around the content of every page: one file that opens anywhere and reaches for nothing.
struct PageFrame {
  /// What the page's script reads.
  struct Payload {
    /// The element that holds it.
    var id: String
    /// Finite numbers and texts only.
    var value: any Encodable
  }

  var title: String
  var data: Payload
  /// The page's own scripts, beside what all share.
  var scripts: [String]

  /// The page's text: what the three closures put between its parts' tags.
  func html(
    header: (inout HTML) -> Void, main: (inout HTML) -> Void, footer: (inout HTML) -> Void
  ) -> String {
    var page = HTML()
    page.add(markup: "<!doctype html>\n")
    page.element("html", ["lang": "en"]) { html in
      html.element("head") { head(&$0) }
      html.element("body") { body in
        body.element("a", ["class": "skip", "href": "#content"], text: "Skip to the content")
        body.element("header", [:], header)
        body.element("main", ["id": "content"], main)
        body.element("footer", [:], footer)
        addScripts(to: &body)
      }
    }
    return page.text
  }

  private func head(_ head: inout HTML) {
    head.void("meta", ["charset": "utf-8"])
    head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
    head.void("meta", ["name": "color-scheme", "content": "light dark"])
    // Nothing is fetched; a browser holds the page to it.
    head.void(
      "meta",
      [
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          + "img-src data:",
      ])
    head.element("title", text: title + " · Reprise")
    head.void("link", ["rel": "icon", "href": "data:,"])
    head.element("style") { $0.add(markup: PageAssets.plotStyle + "\n" + PageAssets.style) }
  }

  private func addScripts(to body: inout HTML) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(data.value) else { return }
    let json = String(decoding: data, as: UTF8.self).replacing("<", with: "\\u003c")
    body.element("script", ["type": "application/json", "id": self.data.id]) {
      $0.add(markup: json)
    }
    for script in [PageAssets.plotScript, PageAssets.commonScript] + scripts {
      body.element("script") { $0.add(markup: script) }
    }
  }
}

extension HTML {
  /// Adds ways to the page's sections.
  mutating func contents(_ sections: [(id: String, name: String)]) {
    element("nav", ["aria-label": "Sections"]) {
      $0.element("ul") { list in
        for (id, name) in sections {
          list.element("li") { $0.element("a", ["href": "#" + id], text: name) }
        }
      }
    }
  }
}
