import Foundation
import PageAssets
public import TraceIO

/// `report.html`: one or several results as a page that opens anywhere and reaches for nothing.
///
/// Verdict first, then figures, distributions, what happened over time, where the time went, engines, the
/// slowest requests, what to know before believing it, and what it was made from. Text and tables need no
/// script. The same results give the same bytes.
public struct ReportPage {
  private let runs: [ReportedRun]
  /// What the page says, for programs.
  public var file: ReportFile { ReportFile(runs) }
  /// The folder that the page will lie in, for links to files of the runs.
  private let folder: URL

  /// Creates a page of results; of several, the first is what others are held against.
  ///
  /// - Parameter path: where the page will be written.
  public init(_ runs: [ReportedRun], at path: String) {
    precondition(!runs.isEmpty, "a page needs a run")
    self.runs = Self.distinct(runs)
    folder = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
  }

  /// Writes the page.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(html, to: path)
  }

  /// Runs of one name are told apart by their folders.
  private static func distinct(_ runs: [ReportedRun]) -> [ReportedRun] {
    guard runs.count > 1 else { return runs }
    return runs.map { run in
      var run = run
      let folder = URL(fileURLWithPath: run.folder).standardizedFileURL.lastPathComponent
      let isAlone = runs.count { $0.name == run.name } == 1
      run.name = isAlone ? run.name : folder
      return run
    }
  }

  /// The page's text.
  public var html: String {
    let title = runs.count == 1 ? runs[0].name : "\(runs.count) runs compared"
    let panels = runs.enumerated().map { TimePanels($0.element, group: prefix($0.offset) + "time") }
    let frame = PageFrame(
      title: title, data: .init(id: "panels", value: panels.flatMap(\.panels)),
      scripts: [PageAssets.script])
    return frame.html {
      header(title, &$0)
    } main: { main in
      if runs.count > 1 { comparison(&main) }
      for (index, run) in runs.enumerated() {
        let section = RunSection(run, panels[index], prefix: prefix(index)) {
          link(to: $0, of: run)
        }
        guard runs.count > 1 else {
          section.add(to: &main)
          continue
        }
        main.element("h2", ["id": "run\(index + 1)"], text: run.name)
        main.element("details") { details in
          details.element("summary", text: "All of \(run.folder)")
          section.add(to: &details)
        }
      }
    } footer: {
      $0.element(
        "p",
        text: "Made by reprise \(runs[0].result.toolVersion) from "
          + runs.map(\.folder).joined(separator: ", ")
          + ". Percentiles are of all finished requests; distributions here are kept to three "
          + "significant digits.")
    }
  }

  private func header(_ title: String, _ header: inout HTML) {
    header.element("h1", text: title)
    if runs.count == 1 {
      header.element("p", ["class": "quiet"], text: runs[0].subtitle)
    }
    header.contents(
      runs.count == 1
        ? RunSection.contents
        : [("comparison", "Comparison")]
          + runs.enumerated().map { ("run\($0.offset + 1)", $0.element.name) })
  }

  private func comparison(_ main: inout HTML) {
    let comparison = RunComparison(runs)
    main.element("h2", ["id": "comparison"], text: "Comparison")
    main.element("ul", ["class": "verdict"]) { list in
      for run in runs {
        for line in run.verdict.prefix(2) {
          list.element("li", ["class": line.tone.rawValue]) { item in
            item.element("b", text: run.name + ": " + line.head)
            item.add(line.sentence)
          }
        }
      }
    }
    main.table(comparison.table, caption: comparison.note)
    main.figure(
      DistributionFigure(comparing: runs).svg,
      label: "Share of requests with at most a latency, all runs replayed.")
  }

  /// A file of a run, as a link from where the page lies.
  private func link(to file: String, of run: ReportedRun) -> String {
    let target = URL(fileURLWithPath: run.folder).standardizedFileURL.appendingPathComponent(file)
    var from = folder.pathComponents
    var to = target.pathComponents
    while let first = from.first, first == to.first, to.count > 1 {
      from.removeFirst()
      to.removeFirst()
    }
    let path = (from.map { _ in ".." } + to).joined(separator: "/")
    return path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
  }

  /// What stands before each id of a run, so that several share the page.
  private func prefix(_ index: Int) -> String { runs.count == 1 ? "" : "run\(index + 1)-" }
}
