/// Sarathi-Serve's stall-free batches (Agrawal et al., OSDI 2024, algorithm 3).
///
/// Every step takes all decodes first, so that none of them ever waits for a prompt; then the
/// prompts that were begun, and then new ones, in chunks of what the token budget leaves. Memory is
/// given and taken away as by vLLM: by the block, from the latest admitted.
extension Scheduler {
  mutating func scheduleSarathi(_ decision: inout Decision, chain: [UInt64]) {
    let used = walkRunning(&decision, decodesFirst: true, chain: chain)
    guard !decision.tookMemory else { return }
    admit(&decision, budget: limits.maxBatchedTokens - used, chain: chain)
  }
}
