import Foundation

/// A line on standard error that shows how far a long run is; silent unless that is a terminal.
///
/// ```swift
/// var bar = ProgressBar("replaying", total: requests.count)
/// for request in requests { ...; bar.advance() }
/// bar.finish()
/// ```
/// Redrawn at most ten times a second and only when its text changes, so that it may be advanced
/// from a fast loop.
public struct ProgressBar {
  private let label: String
  private let total: Int
  private let isTerminal: Bool
  private let draw: (String) -> Void
  private let now: () -> ContinuousClock.Instant
  private var done = 0
  private var nextLook = 0
  private var lastText = ""
  private var lastDrawn: ContinuousClock.Instant?
  private let start: ContinuousClock.Instant

  /// Creates a bar on standard error; a total of 0 or less shows a count without an end.
  public init(_ label: String, total: Int) {
    self.init(
      label, total: total, isTerminal: isatty(STDERR_FILENO) == 1,
      draw: { text in
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      }, now: { ContinuousClock.now })
  }

  init(
    _ label: String, total: Int, isTerminal: Bool, draw: @escaping (String) -> Void,
    now: @escaping () -> ContinuousClock.Instant
  ) {
    self.label = label
    self.total = max(total, 0)
    self.isTerminal = isTerminal
    self.draw = draw
    self.now = now
    start = now()
  }

  /// Counts further items as done.
  public mutating func advance(by count: Int = 1) { update(to: done + count) }

  /// Says how many items are done in all.
  public mutating func update(to count: Int) {
    done = count
    guard isTerminal, done >= nextLook else { return }
    nextLook = done + max(1, total / 1_000)
    let instant = now()
    if let lastDrawn, instant - lastDrawn < .milliseconds(100), done < total { return }
    lastDrawn = instant
    show()
  }

  /// Draws the last state and ends the line.
  public mutating func finish() {
    guard isTerminal else { return }
    show()
    draw("\n")
  }

  private mutating func show() {
    var text = "\(label) "
    if total > 0 {
      let share = min(max(Double(done) / Double(total), 0), 1)
      let filled = Int(share * 30)
      text += "[" + String(repeating: "=", count: filled)
      text += String(repeating: " ", count: 30 - filled)
      text += "] \(Int(share * 100)) %  \(groupedText(done)) of \(groupedText(total))"
    } else {
      text += groupedText(done)
    }
    let elapsed = now() - start
    if elapsed >= .seconds(1) { text += "  \(elapsed.components.seconds) s" }
    guard text != lastText else { return }
    let blanks = String(repeating: " ", count: max(0, lastText.count - text.count))
    draw("\r" + text + blanks)
    lastText = text
  }
}
