import Foundation
import Operators

/// Draws the arrivals of a process one after the other.
struct ArrivalClock {
  private let process: ArrivalProcess
  private var random: RandomStream
  private var now = Nanoseconds.zero
  /// What is left of a nanosecond, so that rounding adds up to nothing.
  private var fraction = 0.0
  /// The state, or the window, that it is in.
  private var place = 0
  /// Seconds until the window ends.
  private var left = 0.0
  /// Arrivals to be expected of all windows, and the seconds that they last.
  private var cycle = (events: 0.0, time: 0.0)

  /// Parts of a period within each of which thinning has one bound. Both rates rise or fall from one
  /// of their edges to the next.
  private static let parts = 64.0

  /// Begins at zero; the process must be valid.
  init(_ process: ArrivalProcess, random: RandomStream) {
    self.process = process
    self.random = random
    switch process {
    case .windows(let windows, _):
      left = windows.first?.duration ?? 0
      for window in windows {
        cycle.events += window.rate * window.duration
        cycle.time += window.duration
      }
    case .markovModulated(let states):
      // The state at any instant, by the time that each takes.
      var share = self.random.uniform() * states.reduce(0) { $0 + $1.meanDwell }
      while place < states.count - 1, share >= states[place].meanDwell {
        share -= states[place].meanDwell
        place += 1
      }
    default: break
    }
  }

  /// The next arrival; nil when there is none, or none within the clock's range (292 years).
  mutating func next() -> Nanoseconds? {
    switch process {
    case .renewal(let rate, let gaps): advance(gaps.draw(&random) / rate)
    case .markovModulated(let states): nextModulated(states)
    case .diurnal(let rate, let amplitude, let period, let phase):
      nextThinned(rate: rate, period: period, phase: phase) {
        1 + amplitude * sin(2 * .pi * $0)
      }
    case .sineFourth(let rate, let period):
      nextThinned(rate: rate, period: period, phase: 0, ArrivalProcess.sineFourth)
    case .windows(let windows, let repeats):
      guard nextWindowed(windows, repeats: repeats) else { return nil }
    }
    return now < Nanoseconds(.max) ? now : nil
  }

  private mutating func advance(_ seconds: Double) {
    let time = seconds * 1e9 + fraction
    let whole = time.rounded(.down)
    guard whole < 0x1p62 else {
      now = Nanoseconds(.max)
      return
    }
    fraction = time - whole
    now += Nanoseconds(rounding: whole)
  }

  private mutating func nextModulated(_ states: [ArrivalProcess.MarkovState]) {
    while now < Nanoseconds(.max) {
      let leaving = states.count > 1 ? 1 / states[place].meanDwell : 0
      let total = states[place].rate + leaving
      advance(random.exponential() / total)
      if random.uniform() * total < states[place].rate { return }
      // One of the others, each as likely.
      let other = min(
        Int(random.uniform() * Double(states.count - 1)), max(0, states.count - 2))
      if states.count > 1 { place = other < place ? other : other + 1 }
    }
  }

  /// Lewis and Shedler's thinning (1979), with a bound for each part of the period, so that few
  /// candidates are thrown away in a trough.
  private mutating func nextThinned(
    rate: Double, period: Double, phase: Double, _ shape: (Double) -> Double
  ) {
    // Where few requests come in a period, parts would pass without any.
    let parts = rate * period > 2 * Self.parts ? Self.parts : 1
    while now < Nanoseconds(.max) {
      // Counted anew from the clock each time: what is added up drifts.
      let elapsed = (Double(now.rawValue) + fraction) / 1e9 / period + phase
      let place = elapsed - elapsed.rounded(.down)
      let part = min((place * parts).rounded(.down), parts - 1)
      let bound = parts > 1 ? max(shape(part / parts), shape((part + 1) / parts)) : 8.0 / 3
      let rest = ((part + 1) / parts - place) * period
      let gap = bound > 0 ? random.exponential() / (bound * rate) : .infinity
      if parts > 1, gap >= rest {
        // A nanosecond at least, or rounding could keep it at the edge for ever.
        advance(max(rest, 1e-9))
        continue
      }
      advance(gap)
      let there = place + gap / period
      if random.uniform() * bound < shape(there - there.rounded(.down)) { return }
    }
  }

  /// A gap of mean 1 is used up at the rate of each window that it passes.
  private mutating func nextWindowed(
    _ windows: [ArrivalProcess.RateWindow], repeats: Bool
  ) -> Bool {
    guard place < windows.count else { return false }
    var gap = windows[place].gaps.draw(&random)
    if repeats, gap > cycle.events {
      let cycles = (gap / cycle.events).rounded(.down)
      gap -= cycles * cycle.events
      advance(cycles * cycle.time)
    }
    while now < Nanoseconds(.max) {
      let rate = windows[place].rate
      if rate > 0, gap <= rate * left {
        left -= gap / rate
        advance(gap / rate)
        return true
      }
      gap -= rate * left
      advance(left)
      place += 1
      if place == windows.count {
        guard repeats else { return false }
        place = 0
      }
      left = windows[place].duration
    }
    return true
  }
}
