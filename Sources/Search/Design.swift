import Analytical
import Replay
public import Scenarios

/// A way to set an engine up on one kind of device.
public struct EngineKind: Sendable {
  /// The settings, with what was chosen of them.
  public let choice: EngineChoice
  /// The kind of device, by its place among ``Scenarios/SearchSpace/devices``.
  public let device: Int
  /// The engine, with its memory resolved where it fits; ``Scenarios/EngineGroup/count`` is of no meaning but where
  /// ``Scenarios/EngineGroup/dealsExpertsOut``.
  public let group: EngineGroup
  /// Why no such engine can run, or nil.
  public let fault: Pruning?

  /// Devices of one engine.
  public var devices: Int { group.tensorParallel * group.pipelineParallel }

  /// Resolves an engine.
  ///
  /// - Parameters:
  ///   - sheet: the device's data sheet.
  ///   - stock: what there is of the device.
  init(
    _ choice: EngineChoice, device: Int, _ architecture: ModelArchitecture, on sheet: Device,
    of stock: SearchDevice
  ) {
    self.choice = choice
    self.device = device
    var group = choice.group
    group.device = stock.device
    var fault = choice.fault.map { Pruning(.settings, text: $0) }
    if fault == nil, let perNode = stock.perNode, group.tensorParallel > perNode {
      fault = Pruning(
        .layout, Double(group.tensorParallel), limit: Double(perNode),
        text: "tensor_parallel \(group.tensorParallel) is more than a node of \(perNode) devices")
    }
    if fault == nil,
      let text = group.layoutConflict?.message ?? architecture.fault(in: group.layout)
    {
      fault = Pruning(.layout, text: text)
    }
    if fault == nil {
      do throws(ReplayError) {
        group = try EnginePlan.resolved(group, architecture, on: sheet)
        let excess = EnginePlan.excessBytes(of: group, architecture, on: sheet)
        if excess > 0 {
          fault = Pruning(
            .memory, (sheet.memoryBytes + excess) / 1e9, limit: sheet.memoryBytes / 1e9,
            text:
              "weights and key-value blocks exceed the memory by \(Int(excess / 1e6)) MB a device")
        }
      } catch .doesNotFit(_, let needed, let available) {
        fault = Pruning(
          .memory, Double(needed) / 1e9, limit: Double(available) / 1e9,
          text: "weights and activations take \(needed / 1_000_000) MB a device of "
            + "\(available / 1_000_000) MB")
      } catch {
        fault = Pruning(.layout, text: "\(error)")
      }
    }
    self.group = group
    self.fault = fault
  }
}

/// Engines of one or two kinds that serve together, whatever their numbers and the routing.
public struct Combination: Sendable, Hashable {
  /// How engines share the work.
  public enum Arrangement: String, Sendable, Hashable, Codable, CaseIterable {
    /// Engines of one kind, each for whole requests.
    case together
    /// Engines that prefill, then those that decode.
    case split
    /// Engines on two kinds of devices, each for whole requests.
    case mixed
  }

  /// How.
  public var arrangement: Arrangement
  /// The kinds, by their numbers; of ``Arrangement/split`` first the one that prefills.
  public var kinds: [Int]
}

/// One design: engines, how many of each kind, and the routing.
public struct Design: Sendable, Hashable {
  /// The kinds, by the number of their combination.
  public var combination: Int
  /// How many engines of each.
  public var counts: [Int]
  /// How requests reach engines.
  public var routing: Routing
}

/// Why a design was not replayed.
public struct Pruning: Sendable, Hashable {
  /// What kind of reason, in the order in which they are looked for. Raw values are the names in files.
  public enum Reason: String, Sendable, Hashable, CaseIterable, Codable {
    /// Its settings cannot be had together.
    case settings
    /// The model cannot be laid out so.
    case layout
    /// The model does not fit into memory.
    case memory
    /// It takes more devices than there are or may be.
    case devices
    /// It costs more than it may.
    case price
    /// Too many requests are too long for its engines.
    case rejections
    /// Requests alone on an engine take longer to their first tokens than they may.
    case ttft
    /// The shortest steps of a request alone take longer than its tokens may.
    case tpot
    /// Its engines would have to work longer than there is time.
    case throughput
    /// A cheaper design is as good as this one can be at best.
    case dominated
    /// The search was stopped before it came to this one.
    case stopped
  }

  /// The kind of reason.
  public var reason: Reason
  /// What it is or would be at least, in the unit of the reason: GB a device, devices, US dollars an hour, a number of
  /// requests, nanoseconds, engines, the number of the other design. Nil where there is no number.
  public var value: Double?
  /// What it may be, in the same unit.
  public var limit: Double?
  /// The reason in words.
  public var text: String

  /// Creates a reason.
  init(_ reason: Reason, _ value: Double? = nil, limit: Double? = nil, text: String) {
    self.reason = reason
    self.value = value
    self.limit = limit
    self.text = text
  }
}
