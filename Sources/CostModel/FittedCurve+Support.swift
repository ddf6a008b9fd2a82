internal import Operators

extension FittedCurve {
  /// The measured points of the cell around a point, those that count most first; none where a field filled the curve, or
  /// nothing was measured of the point's region.
  func support(at point: AxisPoint) -> [Prediction.Support] {
    let region = Region(self.operator, point)
    guard case .cells(let grid) = surface(of: region)?.value else { return [] }
    let axes = region.axes(of: self.operator)
    var place = SIMD4<Double>.zero
    for (slot, axis) in axes.enumerated() { place[slot] = Double(point[axis]) }
    if region == .prefill, !hasPast, point[1] > 0 { place = SIMD4(place[0] + place[1], 0, 0, 0) }
    return grid.corners(around: place).map { sizes, time, weight in
      var at = AxisPoint.none
      var octaves = 0.0
      for (slot, axis) in axes.enumerated() {
        at.values[axis] = Int64(wholeSize(sizes[slot]))
        octaves += abs(logCoordinate(sizes[slot]) - logCoordinate(place[slot])) / logarithm(2)
      }
      return Prediction.Support(
        operator: self.operator, point: at, nanoseconds: time, weight: weight, octaves: octaves)
    }.heaviestFirst
  }

  private func surface(of region: Region) -> Shared<Surface>? {
    switch region {
    case .single: single
    case .prefill: prefill
    case .decode: decode
    case .mixed: mixed
    }
  }
}
