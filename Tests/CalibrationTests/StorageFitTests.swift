import Analytical
import Calibration
import Foundation
import ProfilerTraces
import TestSupport
import Testing

@Suite struct StorageFitTests {
  @Test(arguments: [(0.0, 3e9), (1e-3, 3e9), (5e-5, 2e11)])
  func `A line that made the reads is found again, whatever one of them is`(
    latency: Double, bandwidth: Double
  ) throws {
    var reads = (24...34).map { power in
      let bytes = Double(1 << power)
      return StorageCurve.Point(bytes: bytes, seconds: latency + bytes / bandwidth)
    }
    let fit = try StorageFit(StorageReads(level: "x", reads: reads))
    #expect(abs(fit.bandwidth / bandwidth - 1) < 1e-3)
    #expect(abs(fit.latency - latency) < 1e-3 * (latency + 1e-6))
    #expect(fit.inSample.mean < 1e-3 && fit.leftOut.mean < 1e-2 && fit.below.count == 0)
    reads[5].seconds *= 3
    let disturbed = try StorageFit(StorageReads(level: "x", reads: reads))
    #expect(abs(disturbed.bandwidth / bandwidth - 1) < 0.05)
  }

  @Test func `Too few sizes are an error that says so`() {
    let reads = [1e7, 2e7, 3e7, 3e7].map { StorageCurve.Point(bytes: $0, seconds: 1) }
    let error = #expect(throws: CalibrationError.self) {
      try StorageFit(StorageReads(level: "disk", reads: reads))
    }
    #expect(error?.description.contains("disk: only 2 sizes") == true)
  }

  @Test(
    .needsSharedData,
    arguments: [("NVMe SSD", 0.07), ("DDR4", 0.04)])
  func `Two parameters a level describe published fio reads of 16 MiB and more`(
    level: String, most: Double
  ) throws {
    let reads = try StorageReadReader.read(
      path: SharedData.path("golden/mist/fio_vs_mist_kv_retrieval.csv"))
    let fit = try StorageFit(#require(reads.first { $0.level == level }))
    #expect(fit.inSample.count == 5)
    #expect(fit.inSample.mean <= most, "\(fit.inSample)")
    // Nobody claims this of points that a fit did not see; they are worse.
    #expect(fit.leftOut.mean >= fit.inSample.mean)
  }
}
