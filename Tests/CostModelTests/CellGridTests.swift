import Testing

@testable import CostModel

/// Times that are known everywhere: `1000 + 3a + 5b + ab/7`, bilinear in both sizes.
@Suite struct CellGridTests {
  private let sizes = [1, 8, 64, 512, 4096]

  private func time(_ a: Double, _ b: Double) -> Double { 1000 + 3 * a + 5 * b + a * b / 7 }

  private func grid(
    leavingOut: Set<[Int]> = [], anchor: @escaping CellGrid.Anchor = { _ in 100 }
  ) throws -> CellGrid {
    let points = sizes.flatMap { a in sizes.map { [a, $0] } }.filter { !leavingOut.contains($0) }
    return try #require(
      CellGrid(
        points.map {
          CellGrid.Point(
            sizes: $0, nanoseconds: time(Double($0[0]), Double($0[1])), noise: 0.01)
        }, anchor: anchor))
  }

  @Test func `What is bilinear is met everywhere inside, and measured points are`() throws {
    let grid = try grid()
    for a in [1, 3, 8, 100, 600, 4096] {
      for b in [1, 2, 64, 65, 4000, 4096] {
        let value = grid.value(at: [Double(a), Double(b), 0, 0])
        #expect(abs(100 * value.ratio / time(Double(a), Double(b)) - 1) < 1e-12)
        let isMeasured = sizes.contains(a) && sizes.contains(b)
        #expect(value.evidence == (isMeasured ? .measured : .interpolated))
      }
    }
  }

  /// The anchor is a line here too: dividing by it must change nothing inside.
  @Test func `A hole between measured points is filled from both sides, and doubted more`() throws {
    let whole = try grid()
    for hole in [[8, 64], [64, 1], [4096, 512]] {
      let grid = try grid(leavingOut: [hole]) { 50 + $0[0] + 2 * $0[1] }
      let place: SIMD4<Double> = [Double(hole[0]), Double(hole[1]), 0, 0]
      let value = grid.value(at: place)
      let found = value.ratio * (50 + place[0] + 2 * place[1])
      #expect(abs(found / time(place[0], place[1]) - 1) < 0.02, "\(hole)")
      #expect(value.evidence == .interpolated)
      #expect(value.errors[0] > whole.value(at: place).errors[0])
    }
  }

  @Test func `A corner that no two points enclose holds the ratio of the nearest`() throws {
    let grid = try grid(leavingOut: [[4096, 4096], [4096, 512], [512, 4096]])
    let value = grid.value(at: [4096, 4096, 0, 0])
    #expect(value.evidence == .extrapolated)
    let nearest = [time(4096, 64), time(64, 4096), time(512, 512)].map { $0 / 100 }
    #expect(nearest.contains { abs(value.ratio / $0 - 1) < 1e-12 })
  }

  @Test func `Beyond the grid the ratio is held and doubt grows`() throws {
    let grid = try grid()
    let edge = grid.value(at: [4096, 4096, 0, 0])
    var last = edge.errors[0]
    for factor in [2.0, 8, 1024] {
      let value = grid.value(at: [4096 * factor, 4096, 0, 0])
      #expect(value.ratio == edge.ratio)
      #expect(value.evidence == .extrapolated)
      #expect(value.errors[0] > last)
      last = value.errors[0]
    }
    #expect(grid.value(at: [1, 0, 0, 0]).evidence == .extrapolated)
  }

  /// More sizes than a grid may have: they are rounded together, and stay near.
  @Test func `A cloud of points is coarsened`() throws {
    let points = (0..<2000).map { index in
      [1 + index * 37 % 5000, 1 + index * 91 % 4999]
    }
    let grid = try #require(
      CellGrid(
        points.map {
          CellGrid.Point(
            sizes: $0, nanoseconds: time(Double($0[0]), Double($0[1])), noise: 0.01)
        }
      ) { time($0[0], $0[1]) })
    for point in points.prefix(50) {
      let value = grid.value(at: [Double(point[0]), Double(point[1]), 0, 0])
      #expect(abs(value.ratio - 1) < 0.2)
    }
  }

  @Test(arguments: [Int.max, 1 << 62, -5]) func `Sizes from any file do not trap`(size: Int) throws
  {
    let points = [[1, 1], [size, 4], [size, size]].map {
      CellGrid.Point(sizes: $0, nanoseconds: 5, noise: 0)
    }
    let grid = try #require(CellGrid(points) { _ in 1 })
    for place in [0.0, 4, 1e19, -7] {
      #expect(grid.value(at: [place, place, 0, 0]).ratio.isFinite)
    }
  }
}
