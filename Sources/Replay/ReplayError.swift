/// Why a replay cannot begin.
public enum ReplayError: Error, Hashable, Sendable {
  /// The number of key-value blocks of a group of engines is not known.
  case unknownMemory(group: String)
  /// A model's heads cannot be shared evenly by so many devices.
  case unevenShards(group: String, heads: Int, tensorParallel: Int)
  /// A model's experts cannot be dealt out so.
  case experts(group: String, what: String)
  /// A model's weights leave no memory for keys and values, in bytes a device.
  case doesNotFit(group: String, needed: Int, available: Int)
  /// A number of a group of engines is out of its bounds.
  case outOfBounds(group: String, what: String)
  /// Two settings of a group of engines cannot be had together.
  case conflict(group: String, what: String)
  /// How large the keys and values are that a group of engines hands over is not known.
  case unknownKeyValues(group: String)
  /// Engines' roles do not fit together.
  case roles(String)
  /// There is not one pricing for each group of engines.
  case pricings(expected: Int, given: Int)
}

extension ReplayError: CustomStringConvertible {
  /// What to do.
  public var description: String {
    switch self {
    case .unknownMemory(let group):
      "the engines '\(group)' do not say how many key-value blocks they have: give num_gpu_blocks, "
        + "or derive it from memory_utilization"
    case .unevenShards(let group, let heads, let tensorParallel):
      "the engines '\(group)' share \(heads) heads among \(tensorParallel) devices: give a "
        + "tensor_parallel that divides the heads"
    case .experts(let group, let what):
      "the engines '\(group)' cannot deal experts out: \(what)"
    case .doesNotFit(let group, let needed, let available):
      "the engines '\(group)' need \(needed / 1_000_000) MB a device for weights and activations and "
        + "may use \(available / 1_000_000) MB: raise tensor_parallel, or take a larger device"
    case .outOfBounds(let group, let what):
      "the engines '\(group)' have a \(what) out of its bounds"
    case .conflict(let group, let what):
      "the engines '\(group)': \(what)"
    case .unknownKeyValues(let group):
      "the engines '\(group)' do not say how large their keys and values are: derive it from the model"
    case .roles(let what):
      what
    case .pricings(let expected, let given):
      "\(expected) groups of engines need \(expected) pricings, but \(given) were given"
    }
  }
}
