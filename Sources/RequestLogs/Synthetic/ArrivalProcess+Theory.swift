import Foundation

/// What theory tells of arrival processes.
extension ArrivalProcess {
  /// Arrivals a second in the long run.
  public var rate: Double {
    switch self {
    case .renewal(let rate, _), .diurnal(let rate, _, _, _), .sineFourth(let rate, _): return rate
    case .markovModulated(let states):
      let time = states.reduce(0) { $0 + $1.meanDwell }
      return states.reduce(0) { $0 + $1.rate * $1.meanDwell } / time
    case .windows(let windows, _):
      let time = windows.reduce(0) { $0 + $1.duration }
      return windows.reduce(0) { $0 + $1.rate * $1.duration } / time
    }
  }

  /// The coefficient of variation of the gaps between arrivals in the long run: exact, but for
  /// periodic rates, where it is integrated numerically to some 1e-4 of itself. Nil for windows of
  /// different kinds, for which there is no such formula.
  public var variation: Double? {
    switch self {
    case .renewal(_, let gaps): return gaps.variation
    case .markovModulated(let states): return Self.variation(states)
    case .diurnal(let rate, let amplitude, let period, let phase):
      return Self.variation(expected: rate * period) {
        1 + amplitude * sin(2 * .pi * ($0 + phase))
      }
    case .sineFourth(let rate, let period):
      return Self.variation(expected: rate * period) { Self.sineFourth($0) }
    case .windows(let windows, _):
      guard let first = windows.first,
        windows.allSatisfy({ $0.rate == first.rate && $0.gaps == first.gaps })
      else { return nil }
      return first.gaps.variation
    }
  }

  /// The rate at a place in the period, 0 to 1, by the mean.
  static func sineFourth(_ place: Double) -> Double {
    let sine = sin(.pi * place)
    return 8.0 / 3 * sine * sine * sine * sine
  }

  /// With Q the generator of the states, Λ the diagonal of their rates and p the states at arrivals,
  /// the k-th moment of a gap is k! p (Λ - Q)⁻ᵏ 1 (Fischer and Meier-Hellstern, section 1.2).
  private static func variation(_ states: [MarkovState]) -> Double? {
    let count = states.count
    let total = states.reduce(0) { $0 + $1.rate * $1.meanDwell }
    guard count > 1, total > 0 else { return 1 }
    var matrix = states.indices.map { row in
      let leaving = 1 / states[row].meanDwell
      return states.indices.map { column in
        row == column ? states[row].rate + leaving : -leaving / Double(count - 1)
      }
    }
    guard let first = solve(&matrix, Array(repeating: 1, count: count)),
      let second = solve(&matrix, first)
    else { return nil }
    var mean = 0.0
    var square = 0.0
    for (index, state) in states.enumerated() {
      let share = state.rate * state.meanDwell / total
      mean += share * first[index]
      square += 2 * share * second[index]
    }
    return (max(0, square - mean * mean)).squareRoot() / mean
  }

  /// Solves linear equations by elimination. The matrix is left as it was; it is dominated by its
  /// diagonal, which therefore serves as pivots.
  private static func solve(_ matrix: inout [[Double]], _ right: [Double]) -> [Double]? {
    var rows = matrix
    var result = right
    for pivot in rows.indices {
      guard rows[pivot][pivot] > 0 else { return nil }
      for row in rows.indices where row > pivot {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in pivot..<rows.count { rows[row][column] -= factor * rows[pivot][column] }
        result[row] -= factor * result[pivot]
      }
    }
    for pivot in rows.indices.reversed() {
      for column in rows.indices where column > pivot {
        result[pivot] -= rows[pivot][column] * result[column]
      }
      result[pivot] /= rows[pivot][pivot]
    }
    return result
  }

  /// The variation of gaps of a Poisson process with a periodic rate.
  ///
  /// W, the mean time from an instant to the next arrival, obeys W' = λW - 1, is as periodic as λ, and
  /// has as its mean over time E[X²] / 2E[X] of a gap X. It is integrated backwards, the stable way,
  /// in steps within which λ is constant.
  ///
  /// - Parameters:
  ///   - expected: arrivals a period.
  ///   - shape: the rate at a place in the period, 0 to 1, with a mean of 1.
  private static func variation(expected: Double, _ shape: (Double) -> Double) -> Double {
    let steps = 1 << 14
    let step = 1 / Double(steps)
    // Times are in periods. Two rounds: what the first finds at the start, with no wait after the
    // period, is W there but for the share of periods that pass without an arrival.
    var wait = 0.0
    var meanWait = 0.0
    for round in 0..<2 {
      meanWait = 0
      for index in (0..<steps).reversed() {
        let rate = expected * shape((Double(index) + 0.5) * step)
        let events = rate * step
        // The mean time spent waiting in the step, and the share that waits beyond it.
        let within = events > 1e-9 ? -expm1(-events) / rate : step
        let beyond = exp(-events)
        // The same for a wait that begins anywhere in the step.
        meanWait += events > 1e-4 ? (step - within) / rate : step * step / 2
        meanWait += within * wait
        wait = within + beyond * wait
      }
      // exp(-expected) is the share of periods without any arrival.
      if round == 0 { wait /= -expm1(-expected) }
    }
    return max(0, 2 * expected * meanWait - 1).squareRoot()
  }
}
