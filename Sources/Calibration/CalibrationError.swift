/// Why a deployment cannot be calibrated.
public enum CalibrationError: Error, Hashable {
  /// Too few measured steps hold anything.
  case tooFewSteps(found: Int, needed: Int)
  /// Too few requests with measured latencies are to be fitted.
  case tooFewRequests(found: Int, needed: Int)
  /// The log holds no measured latencies.
  case nothingMeasured
  /// The replay finishes none of the requests that are to be fitted.
  case nothingReplayed
  /// All measured requests would be fitted, and none is left to judge.
  case nothingToJudge(measured: Int)
  /// The measurements do not determine the parameters: they are all alike.
  case noSolution
  /// The factor on device time that fits best is one that no server has.
  case implausible(deviceScale: Double)
  /// Too few sizes of blocks were measured of a level of storage.
  case tooFewReads(level: String, found: Int, needed: Int)
  /// Too few searches of a kind of index, or groups of them, were measured.
  case tooFewSearches(kind: String, found: Int, groups: Int, needed: Int, neededGroups: Int)
}

extension CalibrationError: CustomStringConvertible {
  /// One sentence: what is wrong, what to do.
  public var description: String {
    switch self {
    case .tooFewSteps(let found, let needed):
      "only \(found) measured steps are usable and \(needed) are needed; give a longer run"
    case .tooFewRequests(let found, let needed):
      "only \(found) measured requests would be fitted and \(needed) are needed; give a longer log"
    case .nothingMeasured:
      "the log holds no measured latencies; give one that a server's run left"
    case .nothingReplayed:
      "the deployment's replay finishes none of the measured requests; see what 'reprise replay' says of them"
    case .nothingToJudge(let measured):
      "all \(measured) measured requests would be fitted and none is left to judge; fit fewer"
    case .noSolution:
      "the measurements do not determine the calibration: give a run with varied batches"
    case .implausible(let scale):
      "device time would have to be \((100 * scale).rounded() / 100) times what was measured of the "
        + "operators: these steps are of another device or model"
    case .tooFewReads(let level, let found, let needed):
      "\(level): only \(found) sizes of blocks are large enough to fit and \(needed) are needed; "
        + "measure more, or fit smaller ones with --at-least"
    case .tooFewSearches(let kind, let found, let groups, let needed, let neededGroups):
      "\(kind): only \(found) searches with one thread of \(groups) sizes of index; \(needed) of "
        + "\(neededGroups) are needed to hold some out"
    }
  }
}
