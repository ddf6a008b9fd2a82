public import Analytical
public import CostModel
public import OperatorStore
import Operators
import Replay
public import Scenarios

/// A search over designs: bounds first, then replays of what they leave.
///
///     let search = try DesignSearch(space, architecture, devices: sheets) { … }
///     let result = search.run(requests)
///     print(result.best.map { search.deployment(of: search.designs[$0]) })
///
/// A design is left out only for what its replay would show: bounds are of the very prices that it would be replayed
/// with. So the best design, and each of the front, are those of a search that replays everything; a test compares.
/// The result does not depend on the number of threads.
public struct DesignSearch: Sendable {
  /// What is known of an engine's steps.
  public struct Evidence: Sendable {
    /// What was measured on its device; with none, steps cost their roofline.
    public var curves: [MeasuredCurve]
    /// What was measured on another device.
    public var relatives: [RelativeCurves]
    /// What was fitted for such an engine.
    public var calibration: StoredCalibration?

    /// Creates evidence.
    public init(
      curves: [MeasuredCurve] = [], relatives: [RelativeCurves] = [],
      calibration: StoredCalibration? = nil
    ) {
      self.curves = curves
      self.relatives = relatives
      self.calibration = calibration
    }
  }

  /// What is searched.
  public let space: SearchSpace
  /// The model that is served.
  public let architecture: ModelArchitecture
  /// The data sheets of ``Scenarios/SearchSpace/devices``.
  public let devices: [Device]
  /// All kinds of engines.
  public let kinds: [EngineKind]
  /// What is known of each kind's steps.
  public let evidence: [Evidence]
  /// All sets of kinds.
  public let combinations: [Combination]
  /// All designs.
  public let designs: [Design]

  /// Lists all designs.
  ///
  /// - Parameters:
  ///   - devices: the data sheets, in the order of the space's devices.
  ///   - evidence: what is known of the steps of an engine on a device.
  public init(
    _ space: SearchSpace, _ architecture: ModelArchitecture, devices: [Device],
    evidence: (EngineGroup, Device) throws -> Evidence
  ) throws {
    self.space = space
    self.architecture = architecture
    self.devices = devices
    var list = DesignList(space)
    list.addAll(architecture, devices)
    kinds = list.kinds
    combinations = list.combinations
    designs = list.designs
    self.evidence = try list.kinds.map { try evidence($0.group, devices[$0.device]) }
  }

  /// Devices that a design takes.
  public func deviceCount(of design: Design) -> Int {
    zip(combinations[design.combination].kinds, design.counts).reduce(0) {
      $0 + kinds[$1.0].devices * $1.1
    }
  }

  /// US dollars an hour of a design; nil where a device has no price.
  public func pricePerHour(of design: Design) -> Double? {
    var price = 0.0
    for (kind, count) in zip(combinations[design.combination].kinds, design.counts) {
      let device = kinds[kind].device
      guard let each = space.devices[device].pricePerHour ?? devices[device].pricePerHour else {
        return nil
      }
      price += each * Double(kinds[kind].devices * count)
    }
    return price
  }

  /// Whether devices are counted instead of dollars: where that is asked for, or a price is missing.
  public var countsDevices: Bool {
    space.objective == .devices
      || zip(space.devices, devices).contains { $0.pricePerHour ?? $1.pricePerHour == nil }
  }

  /// What a design costs, in US dollars an hour or in devices; see ``countsDevices``.
  public func cost(of design: Design) -> Double {
    (countsDevices ? nil : pricePerHour(of: design)) ?? Double(deviceCount(of: design))
  }

  /// The design as a deployment; of one with a fault only its settings are of use.
  public func deployment(of design: Design) -> Deployment {
    let combination = combinations[design.combination]
    let groups = zip(combination.kinds, design.counts).enumerated().map { place, part in
      var group = kinds[part.0].group
      group.count = part.1
      group.name =
        switch combination.arrangement {
        case .together: "engines"
        case .split: group.role.rawValue
        case .mixed: place == 0 ? "first" : "second"
        }
      return group
    }
    let split = combination.arrangement == .split ? space.split : nil
    return Deployment(
      model: space.model, engines: groups, routing: design.routing,
      decodePool: split?.decodePool ?? .global, conversionQueue: split?.conversionQueue,
      transfer: split?.transfer)
  }
}

/// All designs of a space, as they are listed.
private struct DesignList {
  let space: SearchSpace
  var kinds: [EngineKind] = []
  var combinations: [Combination] = []
  var designs: [Design] = []

  init(_ space: SearchSpace) { self.space = space }

  mutating func addAll(_ architecture: ModelArchitecture, _ devices: [Device]) {
    let whole = add(space.engines, space.replicas, architecture, devices)
    for kind in whole.joined() { add(.together, [kind]) }
    if let split = space.split {
      let (prefill, decode) = (split.prefill, split.decode)
      let firsts = add(prefill.engines, prefill.replicas, architecture, devices).joined()
      let seconds = add(decode.engines, decode.replicas, architecture, devices).joined()
      for first in firsts { for second in seconds { add(.split, [first, second]) } }
    }
    guard space.mixesDevices else { return }
    for (place, firsts) in whole.enumerated() {
      for seconds in whole[(place + 1)...] {
        for first in firsts { for second in seconds { add(.mixed, [first, second]) } }
      }
    }
  }

  /// A kind by its number, and how many engines of it there may be.
  private typealias Numbered = (kind: Int, counts: [Int])

  /// Adds kinds; returns them by device.
  ///
  /// Where experts are dealt out among engines, what each holds and computes depends on how many there are, so
  /// that every number of them is a kind of its own.
  private mutating func add(
    _ choices: [EngineChoice], _ replicas: [Int], _ architecture: ModelArchitecture,
    _ devices: [Device]
  ) -> [[Numbered]] {
    devices.indices.map { device in
      var added: [Numbered] = []
      for choice in choices {
        let isShared = choice.group.lockstep && choice.group.expertParallel > 1
        for counts in isShared ? replicas.map({ [$0] }) : [replicas] {
          var choice = choice
          if isShared { choice.group.count = counts[0] }
          added.append((kinds.count, counts))
          kinds.append(
            EngineKind(
              choice, device: device, architecture, on: devices[device], of: space.devices[device]))
        }
      }
      return added
    }
  }

  private mutating func add(_ arrangement: Combination.Arrangement, _ parts: [Numbered]) {
    var counts: [[Int]] = [[]]
    for part in parts { counts = counts.flatMap { each in part.counts.map { each + [$0] } } }
    for each in counts {
      // One engine gets all requests, however they are routed; so does the only one that prefills.
      let isAlone = arrangement != .mixed && each[0] == 1
      for routing in isAlone ? Array(space.routings.prefix(1)) : space.routings {
        designs.append(Design(combination: combinations.count, counts: each, routing: routing))
      }
    }
    combinations.append(Combination(arrangement: arrangement, kinds: parts.map(\.kind)))
  }
}
