private import EmbeddedFiles

/// Scripts and styles of the pages that Reprise writes, as text to be put into them whole.
///
/// Data only, in a target of its own: a page is one file that reaches for nothing.
public enum PageAssets {
  /// Our styles: light and dark, narrow and printed.
  public static let style = text(embedded_page_css())
  /// What the scripts of all pages share; stands before each.
  public static let commonScript = text(embedded_common_js())
  /// The report's script: draws time panels where scripts run; a page says all in tables without it.
  public static let script = text(embedded_page_js())
  /// The scripts of compared estimates, each of which uses those before it: the grid's figures, pickers, sentences,
  /// tables, plots, and what joins them.
  public static let estimatesScripts = texts(embedded_estimates_scripts())
  /// uPlot (MIT, see `LICENSE-uPlot.txt`), which draws the panels.
  public static let plotScript = text(embedded_uplot_js())
  /// uPlot's styles.
  public static let plotStyle = text(embedded_uplot_css())

  private static func texts(_ files: embedded_files) -> [String] {
    UnsafeBufferPointer(start: files.first, count: files.count).map(text)
  }

  private static func text(_ file: embedded_file) -> String {
    String(decoding: UnsafeBufferPointer(start: file.bytes, count: file.count), as: UTF8.self)
  }
}
