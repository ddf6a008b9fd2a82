public import Analytical
import Operators
import PageAssets
public import TraceIO
import Validation

/// `estimates.html`: what models take on platforms, by estimates alone, side by side in one file that reaches for
/// nothing.
///
/// Tables of the best layout of each use case need no script. Pickers choose from a grid of estimates that the page
/// carries. The same subjects give the same bytes.
public struct EstimatePage {
  /// The page's text.
  public let html: String
  /// What it says without its pickers, for programs.
  public let file: UseCaseFile
  /// How many estimates it carries.
  public let count: Int

  /// Estimates everything, and makes the page.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` where a size makes no sense or a model generates nothing.
  public init(_ subjects: ComparedSubjects, toolVersion: String) throws(AnalyticalError) {
    precondition(!subjects.models.isEmpty && !subjects.platforms.isEmpty, "nothing to compare")
    let grid = try EstimateGrid(subjects.axes)
    count = grid.axes.count
    let answers = try UseCaseAnswers(subjects)
    file = UseCaseFile(answers)
    let peer = PeerTable(subjects)
    let frame = PageFrame(
      title: "Estimates compared",
      data: .init(id: "grid", value: EstimatePageData(grid, subjects)),
      scripts: PageAssets.estimatesScripts)
    let sections = [
      ("best", "In short"), ("compare", "Compare"), ("layouts", "Best layouts"),
      ("peer", "Beside GenZ"), ("basis", "What it rests on"),
    ]
    html = frame.html { header in
      header.element("h1", text: "Estimates compared")
      header.element(
        "p", ["class": "quiet"],
        text: "\(counted(subjects.models.count, "model")) on "
          + counted(subjects.platforms.count, "platform"))
      header.contents(sections)
    } main: { main in
      Self.caution(&main)
      for (id, name) in sections {
        main.element("h2", ["id": "\(id)"], text: name)
        switch id {
        case "best": answers.addSummary(to: &main)
        case "compare": EstimatePickers(grid.axes, subjects.useCases).add(to: &main)
        case "layouts": answers.addTables(to: &main)
        case "peer": peer.add(to: &main)
        default: Self.basis(subjects, &main)
        }
      }
    } footer: {
      $0.element(
        "p",
        text:
          "Made by reprise \(toolVersion): \(groupedCount(grid.axes.count, "estimate")), each to "
          + "five digits.")
    }
  }

  /// Writes the page.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(html, to: path)
  }

  /// What nobody may overlook.
  private static func caution(_ main: inout HTML) {
    main.element("ul", ["class": "verdict"]) {
      $0.element("li", ["class": "doubt"]) { item in
        item.element("b", text: "Roofline estimates: nothing here was measured.")
        item.add(
          "Each is one batch of equal requests that start together: no queue, no server around the "
            + "engine. Real ones take longer: held against four sets of published latencies, "
            + "estimates are too short by 13 to 29 % on average, and by up to 46 % at many devices "
            + "with one request. Compare with them; promise nothing by them.")
      }
    }
  }

  private static func basis(_ subjects: ComparedSubjects, _ main: inout HTML) {
    main.element(
      "p",
      text: "An operator takes a fixed latency and then its arithmetic and its memory traffic at a "
        + "part of the data sheet's peaks, one set of parts for all devices. Prompts are computed "
        + "together, then all requests decode together at their mean context, as graphs. Below 16 "
        + "bits products and weights are in the type, and all else stays in bf16. Memory is weights, "
        + "keys and values of whole requests, and intermediate results, on the fullest device. "
        + "Prices are list prices of clouds, where one is known. Energy is that of the devices alone, idle "
        + "all the time and up to their rated power as they near their peaks. Every row is what 'reprise estimate' "
        + "prints for it.")
    var cases = TextTable([
      .init("use case", .left), .init("tokens in"), .init("out"), .init("TTFT limit, ms"),
      .init("TPOT limit, ms"), .init("from", .left),
    ])
    for useCase in subjects.useCases {
      cases.add([
        useCase.name, groupedText(useCase.inputTokens), groupedText(useCase.outputTokens),
        useCase.serviceLevel.timeToFirstToken.map { fixedText($0 / 1e6, decimals: 0) } ?? "",
        useCase.serviceLevel.timePerOutputToken.map { fixedText($0 / 1e6, decimals: 0) } ?? "",
        useCase.source,
      ])
    }
    main.table(cases, caption: "Use cases: the lengths of requests, and what users wait for.")
    main.table(
      TextTable(platforms: subjects.platforms.map(\.value)),
      caption: "Platforms and what joins them.")
    var devices: [Device] = []
    for platform in subjects.platforms where !devices.contains(platform.value.device) {
      devices.append(platform.value.device)
    }
    main.table(
      TextTable(devices: devices),
      caption: "Devices: dense peaks in TFLOP/s, memory, price, and where they are from.")
  }
}
