extension ImportedTrace {
  /// Tells every kernel's class and library, each distinct name once.
  mutating func identifyKernels(_ table: KernelNameTable) {
    var known: [String: KernelIdentity] = [:]
    for group in groups.indices {
      for kernel in groups[group].kernels.indices {
        let name = groups[group].kernels[kernel].name
        let identity: KernelIdentity
        if let found = known[name] {
          identity = found
        } else {
          identity = table.identity(of: name)
          known[name] = identity
        }
        groups[group].kernels[kernel].identity = identity
      }
    }
    if !known.isEmpty { facts["kernel_names_version"] = table.version }
  }

  /// The time of kernels by class and library, longest first; of a kernel that no rule knows the
  /// class is nil.
  public var kernelTimes: [(identity: KernelIdentity, tally: Tally)] {
    var tallies: [KernelIdentity: Tally] = [:]
    for group in groups {
      for kernel in group.kernels {
        tallies[kernel.identity, default: Tally()].count += kernel.count
        let sum = tallies[kernel.identity, default: Tally()].nanoseconds.adding(kernel.total)
        tallies[kernel.identity, default: Tally()].nanoseconds = sum
      }
    }
    return tallies.map { (identity: $0.key, tally: $0.value) }.sorted {
      (
        $1.tally.nanoseconds, $0.identity.class?.rawValue ?? "~", $0.identity.library
      ) < ($0.tally.nanoseconds, $1.identity.class?.rawValue ?? "~", $1.identity.library)
    }
  }
}
