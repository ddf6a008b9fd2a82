import Operators
import TraceIO

/// The kernels of a trace that holds no operator: each by its own name, without shapes.
///
/// A profiler that was told to record the device alone leaves nothing to attribute kernels to. What
/// they took is still true, and kept as ``OperatorKind/opaque(_:)``; of copies within the device the
/// bytes are known, and they are what they are.
struct NamedKernels {
  private struct Key: Hashable {
    var name: Int32
    /// Of a copy within the device, or -1.
    var bytes: Int64
  }

  private struct Group {
    var key: Key
    var durations: [Int64] = []
    var launches = KernelLaunches()
  }

  private var groups: [Group] = []
  private let texts: ByteStringTable

  /// Groups the device events that are not taken by others, and tallies them.
  init(_ events: TraceEvents, taken: [Bool], _ coverage: inout Coverage) {
    texts = events.texts
    var numbers: [Key: Int] = [:]
    var isWithinDevice: [Int32: Bool] = [:]
    for (index, device) in events.devices.enumerated() where taken.isEmpty || !taken[index] {
      coverage.add(device.duration, by: .kernelName)
      var key = Key(name: device.name, bytes: -1)
      if device.kind == .memcpy {
        let isWithin = isWithinDevice[device.name] ?? texts[device.name].contains("DtoD")
        isWithinDevice[device.name] = isWithin
        if isWithin { key.bytes = device.bytes }
      }
      let number = numbers[key] ?? groups.count
      if number == groups.count {
        numbers[key] = number
        groups.append(Group(key: key))
      }
      groups[number].durations.append(device.duration)
      groups[number].launches.add(device.duration, at: device.place)
    }
  }

  /// The groups and their samples, longest total first.
  func finish() -> [(group: OperatorGroup, sample: OperatorSample)] {
    var results: [(group: OperatorGroup, sample: OperatorSample)] = []
    for group in groups {
      guard let statistics = DurationStatistics(group.durations) else { continue }
      let name = texts[group.key.name]
      let kernel = group.launches.total(name: name)
      let isCopy = group.key.bytes >= 0 && group.key.bytes <= SizeLimits.axis(of: .memcpy)
      results.append(
        (
          OperatorGroup(
            name: name, inputDims: "", inputTypes: "", inputStrides: "", concreteInputs: "",
            operationCount: group.durations.count, totalKernelTime: kernel.total, kernels: [kernel]),
          OperatorSample(
            Operator(isCopy ? .memcpy : .opaque(name), dataType: nil),
            at: isCopy ? AxisPoint(Int(group.key.bytes)) : .none, label: name, duration: statistics)
        ))
    }
    return results.sorted {
      ($1.group.totalKernelTime, $0.group.name, $0.sample.point[0])
        < ($0.group.totalKernelTime, $1.group.name, $1.sample.point[0])
    }
  }
}
