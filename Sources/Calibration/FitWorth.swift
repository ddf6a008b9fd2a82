/// Whether an error is enough below another for the numbers that made it so: one more always finds a
/// little, and must be worth a fiftieth.
func isClearlyBetter(_ error: Double, than other: Double) -> Bool { error < 0.98 * other - 1e-6 }

/// The jackknife's standard errors (Quenouille, 1956; Tukey, 1958) of as many numbers, from fits that each leave
/// one of equal parts out.
func jackknifeErrors(_ fits: [[Double]], count numbers: Int) -> [Double] {
  let count = Double(max(1, fits.count))
  return (0..<numbers).map { number in
    let mean = fits.reduce(0) { $0 + $1[number] } / count
    let squares = fits.reduce(0) { $0 + ($1[number] - mean) * ($1[number] - mean) }
    return (squares * (count - 1) / count).squareRoot()
  }
}
