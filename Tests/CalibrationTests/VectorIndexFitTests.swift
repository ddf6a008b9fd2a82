import Analytical
import Calibration
import ProfilerTraces
import TestSupport
import Testing

@Suite struct VectorIndexFitTests {
  static let sample = Checkout.path("SampleTraces/amd-epyc-vector-search/searches.jsonl.zst")

  /// Searches whose times are made by known coefficients, every seventh of them disturbed.
  private func made(_ coefficients: VectorSearchCoefficients) throws -> [IndexSearch] {
    var searches: [IndexSearch] = []
    for (dimension, lists, parts) in [
      (64, 256, 16), (64, 1024, 8), (128, 256, 64), (256, 4096, 32), (192, 1024, 48),
    ] {
      for (probes, batch, k, rerank) in [
        (1, 1, 10, 0), (4, 1, 10, 0), (64, 1, 10, 0), (1, 16, 10, 0), (16, 16, 100, 0),
        (64, 16, 10, 0), (1, 64, 10, 0), (4, 64, 10, 100), (16, 64, 10, 0), (64, 64, 100, 0),
        (16, 1, 10, 200), (16, 128, 10, 0),
      ] {
        let index = try VectorIndex(
          .invertedQuantized(lists: lists, subquantizers: parts), vectors: 200_000,
          dimension: dimension, rerankDepth: rerank)
        var seconds = coefficients.seconds(index.amounts(batch: batch, probes: probes, k: k))
        if searches.count % 7 == 3 { seconds *= 1.4 }
        searches.append(
          IndexSearch(index, batch: batch, probes: probes, k: k, seconds: seconds))
      }
    }
    return searches
  }

  @Test func `Coefficients that made the times predict groups that the fit did not see`() throws {
    var coefficients = VectorSearchCoefficients()
    for (term, nanoseconds) in [
      (.batch, 3000), (.query, 1200), (.smallProduct, 0.07), (.largeProduct, 0.03),
      (.tableProduct, 0.06), (.tableEntry, 0.15), (.probe, 60), (.lookup, 0.4), (.farLookup, 0.3),
      (.candidate, 2), (.entry, 40), (.rerankElement, 0.5),
    ] as [(VectorSearchTerm, Double)] {
      coefficients[term] = nanoseconds * 1e-9
    }
    let fit = try #require(try VectorIndexFit.fits(made(coefficients)).first)
    #expect(fit.kind == "ivf-pq" && fit.groups.count == 5)
    // The disturbed seventh is off by 1 - 1 / 1.4 in any case; nothing else may be.
    #expect(fit.heldOut.median < 0.02, "\(fit.heldOut)")
    #expect(fit.heldOut.count == fit.inSample.count)
    #expect(fit.threaded.count == 0 && fit.distances.count == 0)
  }

  @Test func `Too few searches are an error, and none are no fit`() throws {
    let few = try Array(made(VectorSearchCoefficients()).prefix(5))
    #expect(throws: CalibrationError.self) { try VectorIndexFit.fits(few) }
    #expect(try VectorIndexFit.fits([]) == [])
  }

  @Test func `Searches of a real library are predicted for indexes that were held out`() throws {
    let read = try IndexSearchReader.read(path: Self.sample)
    let fits = try VectorIndexFit.fits(read.searches)
    #expect(fits.map(\.kind) == ["ivf-pq", "ivf-flat", "hnsw"])
    let lists = try #require(fits.first)
    #expect(lists.groups.count >= 10)
    #expect(lists.heldOut.mean <= 0.15, "\(lists.heldOut)")
    // The library's own files are an oracle of the formula for memory.
    for fit in fits { #expect(fit.storedBytes.mean < 0.01, "\(fit.kind) \(fit.storedBytes)") }
    // What the library offers where nothing was measured is what this fit finds.
    for fit in fits {
      let search = try #require(read.searches.first { $0.index.kind.name == fit.kind })
      let offered = VectorSearchCoefficients.measuredOnEPYC(search.index.kind)
      for term in VectorSearchTerm.allCases {
        #expect(abs(offered[term] - fit.coefficients[term]) <= 1e-3 * offered[term] + 1e-15)
      }
    }
  }
}
