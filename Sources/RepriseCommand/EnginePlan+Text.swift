import Reprise

extension EnginePlan {
  /// What the engine's prices come from, in a line.
  var prices: String {
    let fit =
      if let calibration {
        "calibrated on \(calibration.fittedOn), "
          + (calibration.basis == .steps ? "step error " : "error of judged requests ")
          + "\(fixedText(100 * calibration.errorHeldOut, decimals: 1)) %"
      } else {
        "not calibrated: no host time"
      }
    return "\(architecture.name) on \(group.device), \(counted(curveCount, "curve")), \(fit); "
      + "\(group.blockCount ?? 0) key-value blocks"
  }

  /// The device that a core without measurements may be a slip of the pen for: any name from 'cpu-' is one.
  private var nearestDevice: String? {
    let described = Device.builtIns.map(\.name)
    guard Device.builtIn(named: device.name) != nil, !described.contains(device.name) else {
      return nil
    }
    return nearestName(to: device.name, among: lenders + described)
  }

  /// What a user should know before believing its prices.
  var warnings: [String] {
    var warnings: [String] = []
    if curveCount == 0 {
      warnings.append(
        "no measurements of \(group.device)\(nearestDevice.map { " (did you mean '\($0)'?)" } ?? ""): "
          + (lenders.isEmpty
            ? "steps cost their roofline, which no server reaches"
            : "steps are guessed from those of \(lenders.joined(separator: ", "))"))
    } else if !measuredTypes.isEmpty, !measuredTypes.contains(group.dataType) {
      let measured = DataType.allCases.filter(measuredTypes.contains).map(\.rawValue)
      warnings.append(
        "\(group.name): runs in \(group.dataType.rawValue), and \(group.device) was measured in "
          + "\(measured.joined(separator: ", ")) alone: steps are guessed from those; "
          + "'data_type' of the deployment says what the server runs in")
    }
    if group.runtime == nil, software.count > 1 {
      warnings.append(
        "\(group.name): each operator is priced by whichever of \(software.joined(separator: ", ")) measured "
          + "the most of it; name the one that serves with 'runtime: \(software[0])'")
    }
    if let calibration, calibration.hidesHost, !group.asyncScheduling {
      warnings.append(
        "\(group.name): was fitted with host time that passes while the device works, which needs "
          + "'async_scheduling: true'")
    }
    let whole = keyValueBytes(ofContext: group.maxModelLength)
    if whole.kept < 0.9 * whole.held {
      warnings.append(
        "\(group.name): keys and values outside of windows are held as if they were inside; a server that frees them "
          + "(vLLM does) holds up to \(fixedText(whole.held / whole.kept, decimals: 1)) times as many tokens"
      )
    }
    if excessBytes > 0 {
      warnings.append(
        "\(group.name): weights and key-value blocks exceed the memory of \(device.name) by "
          + "\(Int(excessBytes / 1e6)) MB a device: no such server can run")
    }
    return warnings
  }
}
