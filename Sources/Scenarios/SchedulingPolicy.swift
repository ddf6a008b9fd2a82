/// How an engine chooses what each step computes.
public enum SchedulingPolicy: String, Sendable, Hashable, CaseIterable, Codable {
  /// vLLM V1: running requests first, then waiting ones, whatever phase they are in, within the
  /// token budget.
  case vllm
  /// SGLang: a radix-tree cache, the longest cached prefix first, steps of prompts before steps of
  /// decodes, retraction where memory runs out.
  case sglang
  /// Sarathi-Serve: stall-free batches. Decodes first, then begun prompts, then new ones, in chunks
  /// up to the token budget.
  case sarathi
  /// Orca: iteration-level batches of whole prompts and decodes, first come, first served, with
  /// memory reserved for the longest output.
  case orca
  /// Static batches: nobody joins until all of a batch have ended.
  case fixed = "static"

  /// Whether a prompt may never be split, so that the token budget must hold the longest request.
  public var computesWholePrompts: Bool { self == .orca || self == .fixed }
}

/// In which order an engine of policy ``SchedulingPolicy/vllm`` serves waiting requests, and whom
/// it preempts.
public enum QueueOrder: String, Sendable, Hashable, CaseIterable, Codable {
  /// First come, first served; the latest admitted request is preempted.
  case firstCome = "fcfs"
  /// The lowest (priority, arrival) first; the running request with the highest is preempted.
  case priority
}

/// Speculative decoding: a draft of some tokens, verified by the model in one step.
public struct SpeculativeDecoding: Sendable, Hashable {
  /// `num_speculative_tokens`: how many tokens each draft has; at least 1.
  public var tokens: Int
  /// `draft_acceptance_rate`: how probable it is that a drafted token is accepted if all before it
  /// were; above 0, at most 1.
  public var acceptance: Double
  /// `draft_cost`: what making the drafts costs, as a part of the step's time; 0 by default.
  public var cost: Double
  /// `draft_time_us`: what making the drafts costs besides, in microseconds a step; 0 by default.
  public var microseconds: Double

  /// Whether the numbers are within a deployment file's bounds.
  public var isValid: Bool {
    (1...64).contains(tokens) && acceptance > 0 && acceptance <= 1 && (0...10).contains(cost)
      && (0...1e6).contains(microseconds)
  }

  /// Creates a description of drafts.
  public init(tokens: Int, acceptance: Double, cost: Double = 0, microseconds: Double = 0) {
    self.tokens = tokens
    self.acceptance = acceptance
    self.cost = cost
    self.microseconds = microseconds
  }
}
