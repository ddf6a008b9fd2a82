import ArgumentParser
import Reprise

/// A deployment's file, and what it is resolved with.
struct DeploymentOptions: ParsableArguments {
  @Option(help: "The deployment: a YAML file (see docs/replay.md).", completion: .file())
  var deployment: String

  init() {}

  init(path: String) { self.deployment = path }

  /// Reads the file.
  func read() throws -> Deployment {
    try Deployment(
      yaml: String(decoding: smallFile(deployment), as: UTF8.self), path: deployment)
  }

  /// The model that a deployment serves.
  func architecture(of deployment: Deployment) throws -> ModelArchitecture {
    try modelArchitecture(named: deployment.model, beside: folder)
  }

  /// The file that describes a deployment's model, or nil for a built-in one.
  func modelPath(of deployment: Deployment) -> String? {
    ModelArchitecture.builtIn(named: deployment.model) == nil
      ? RepriseCommand.filePath(deployment.model, beside: folder) : nil
  }

  private var folder: String { RepriseCommand.folder(of: deployment) }

  /// Every group of engines with its prices.
  func plans(
    for deployment: Deployment, from store: OperatorStore?, isCalibrated: Bool
  ) throws -> [EnginePlan] {
    let model = try architecture(of: deployment)
    var evidence = GroupEvidence(from: store, of: model)
    return try deployment.engines.enumerated().map { index, group in
      let device = try dataSheet(named: group.device, beside: folder)
      let key = StoredCalibration.Deployment(group, model, on: device)
      let known = try evidence.of(group, on: device)
      let calibration = isCalibrated ? try store?.calibration(of: key) : nil
      do {
        return try EnginePlan(
          group, model, on: device, curves: known.curves, relatives: known.relatives,
          calibration: calibration)
      } catch ReplayError.experts(let name, let what) {
        let text = String(decoding: try smallFile(self.deployment), as: UTF8.self)
        throw ScenarioError(
          path: self.deployment,
          line: Deployment.line(of: "expert_parallel", ofGroup: index, in: text),
          message: "\(ReplayError.experts(group: name, what: what))")
      }
    }
  }
}

extension StoredCalibration.Deployment {
  /// The key under which a group's calibration is kept: by the data sheet's name, so that every
  /// spelling of the device finds it.
  init(_ group: EngineGroup, _ model: ModelArchitecture, on device: Device) {
    // A type that is given and the usual one is not given.
    let keys = group.precision.keyValues
    let isUsual = keys == Precision(serving: group.dataType).keyValues
    self.init(
      device: device.name, model: model.name, dataType: group.dataType,
      keyValueType: isUsual ? nil : keys, tensorParallel: group.tensorParallel)
  }
}
