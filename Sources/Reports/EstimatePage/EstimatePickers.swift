import Analytical
import Operators

/// The part of the page that its script fills: what to choose, and where the answer goes.
struct EstimatePickers {
  private let axes: EstimateGrid.Axes
  private let useCases: [UseCase]

  /// Lengths that are those of no use case.
  static let ownLengths = "own lengths"
  /// As many devices as it takes.
  static let fewestDevices = "fewest that fit"

  init(_ axes: EstimateGrid.Axes, _ useCases: [UseCase]) {
    self.axes = axes
    self.useCases = useCases
  }

  func add(to html: inout HTML) {
    html.element(
      "p", ["class": "scriptless"],
      text:
        "Choosing needs a script, which does not run here; the tables above and below are all there "
        + "is without it, and 'reprise estimate' prints any other row.")
    html.element("div", ["class": "scripting"]) { part in
      part.element("form", ["class": "pickers", "id": "pickers", "aria-label": "What to compare"]) {
        form in
        for (id, label, choices, chosen) in pickers { picker(id, label, choices, chosen, &form) }
      }
      part.element("p", ["id": "answer", "role": "status", "class": "wrap"], text: "")
      part.element("div", ["id": "rows"], text: "")
      part.element("div", ["class": "panel"]) { panel in
        panel.element("h3", ["id": "bars-title"], text: "")
        panel.element("ul", ["class": "bars", "id": "bars", "aria-labelledby": "bars-title"]) { _ in
        }
      }
      part.element("div", ["class": "panel"]) { panel in
        panel.element("h3", text: "Tokens a second and device against time per token, over batches")
        panel.element("div", ["id": "curve", "role": "img"], text: "")
      }
      part.element("details") { details in
        details.element("summary", text: "The curves as a table")
        details.element("div", ["id": "curve-rows"], text: "")
      }
      part.element("details") { details in
        details.element("summary", text: "The commands that print these rows in full")
        details.element("pre", ["id": "commands", "tabindex": "0"], text: "")
      }
    }
  }

  /// Pickers by id: a label, choices, and the one that is chosen at first.
  private var pickers: [(id: String, label: String, choices: [String], chosen: String)] {
    let batch = axes.batches.last { $0 <= 16 } ?? axes.batches[0]
    let devices = axes.devices.last { $0 <= 8 } ?? axes.devices[0]
    let useCase = useCases.count > 1 ? useCases[1] : useCases.first
    func texts(_ sizes: [Int]) -> [String] { sizes.map(String.init) }
    return [
      (
        "by", "Side by side",
        ["platforms", "models", "use cases", "types", "devices", "batches"], "platforms"
      ),
      ("model", "Model", axes.models.map(\.name), axes.models[0].name),
      ("platform", "Platform", axes.platforms.map(\.name), axes.platforms[0].name),
      (
        "use", "Use case", useCases.map(\.name) + [Self.ownLengths],
        useCase?.name ?? Self.ownLengths
      ),
      (
        "input", "Tokens in", texts(axes.inputs), "\(useCase?.inputTokens ?? axes.inputs[0])"
      ),
      (
        "output", "Tokens out", texts(axes.outputs),
        "\(useCase?.outputTokens ?? axes.outputs[0])"
      ),
      ("type", "Type", axes.types.map(\.rawValue), axes.types[0].rawValue),
      ("devices", "Devices", texts(axes.devices) + [Self.fewestDevices], "\(devices)"),
      ("batch", "Requests at once", texts(axes.batches), "\(batch)"),
      (
        "bars", "Bars",
        ["tokens/s a device", "TTFT", "TPOT", "end to end", "$/M tokens", "J/token"],
        "tokens/s a device"
      ),
    ]
  }

  private func picker(
    _ id: String, _ label: String, _ choices: [String], _ chosen: String, _ form: inout HTML
  ) {
    form.element("label") { html in
      html.element("span", text: label)
      html.element("select", ["name": id, "autocomplete": "off"]) { select in
        for choice in choices {
          if choice == chosen {
            select.element("option", ["value": choice, "selected": ""], text: choice)
          } else {
            select.element("option", ["value": choice], text: choice)
          }
        }
      }
    }
  }
}
