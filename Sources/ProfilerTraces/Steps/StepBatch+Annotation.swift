import Operators

extension StepBatch {
  /// Reads the names that vLLM, SGLang and ATOM write; nil for any other, and for names that do not
  /// tell how many sequences there are.
  ///
  /// - vLLM: `execute_context_1(888)_generation_3(3)`, `execute_context_1(888_788544)_generation_0(0)`
  ///   (the second number is not used: nothing says which sum it is), and in detail
  ///   `execute_891_context_1(sq888sk888sqsq788544sqsk788544)_generation_3(sq3sk6144sqsq3sqsk6144)`
  /// - SGLang: `step[EXTEND bs=15 toks=15360]`, `step[DECODE bs=32]`, and in detail
  ///   `step[MIXED bs=2 c=1 g=1 c_sq=5 c_sk=8 c_sqsq=25 c_sqsk=40 g_sq=1 g_sk=12 …]`
  /// - ATOM: `prefill[bs=2 tok=14721 ctx=[7803, 6918]]`, `decode[bs=117/128 tok=117 d=117]` (117 of
  ///   a graph for 128), and in detail with `sqsq=… sqsk=… sk=…`
  /// - Captures of decode graphs: `capture_128_DECODE`
  public init?(annotation name: String) {
    let text = name.prefix(4096)
    if text.hasPrefix("execute_") {
      self.init(vLLM: text)
    } else if text.hasPrefix("step[") {
      self.init(sgLang: Fields(text.dropFirst(5)))
    } else if text.hasPrefix("prefill[") {
      self.init(atomPrefill: Fields(text.dropFirst(8)))
    } else if text.hasPrefix("decode[") {
      self.init(atomDecode: Fields(text.dropFirst(7)))
    } else if let size = CapturedTrace.size(ofCapture: name),
      text.hasSuffix("_DECODE") || text.hasSuffix("_decode")
    {
      self.init(
        contextSequences: 0, contextTokens: 0, generationSequences: size, generationTokens: size)
    } else {
      return nil
    }
  }

  // MARK: vLLM

  private init?(vLLM text: Substring) {
    guard let context = Self.part(text, after: "context_"),
      let generation = Self.part(text, after: "generation_")
    else { return nil }
    self.init(
      contextSequences: context.sequences, contextTokens: context.sums.queries,
      generationSequences: generation.sequences, generationTokens: generation.sums.queries)
    add(prefills: context.sums, decodes: generation.sums)
  }

  /// Reads `1(888…)` or `1(sq888sk…)` after a marker.
  private static func part(
    _ text: Substring, after marker: String
  ) -> (sequences: Int, sums: Sums)? {
    guard let start = text.firstRange(of: marker)?.upperBound,
      let open = text[start...].firstIndex(of: "("), let sequences = Int(text[start..<open]),
      let close = text[open...].firstIndex(of: ")"), sequences >= 0
    else { return nil }
    var rest = text[text.index(after: open)..<close]
    var sums = Sums()
    if rest.first?.isNumber == true {
      sums.queries = Int(rest.prefix { $0.isASCII && $0.isNumber })
    }
    while let first = rest.first, first.isLetter {
      let name = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(name.count)
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      sums.set(name, Int(digits))
    }
    return sums.queries == nil ? nil : (sequences, sums)
  }

  // MARK: SGLang

  private init?(sgLang fields: Fields) {
    guard let sequences = fields["bs"] else { return nil }
    let (context, generation) = (Sums(fields, prefix: "c_"), Sums(fields, prefix: "g_"))
    switch fields.first {
    case "DECODE":
      self.init(
        contextSequences: 0, contextTokens: 0, generationSequences: sequences,
        generationTokens: generation.queries ?? sequences)
      // Graphs are captured by sequences, however many tokens each has.
      paddedSize = sequences
    case "EXTEND":
      guard let tokens = fields["toks"] ?? context.queries else { return nil }
      self.init(
        contextSequences: sequences, contextTokens: tokens, generationSequences: 0,
        generationTokens: 0)
    case "MIXED":
      guard let prefills = fields["c"], let decodes = fields["g"] else { return nil }
      self.init(
        contextSequences: prefills, contextTokens: context.queries, generationSequences: decodes,
        generationTokens: generation.queries)
    default: return nil
    }
    add(prefills: context, decodes: generation)
  }

  // MARK: ATOM

  private init?(atomPrefill fields: Fields) {
    guard let sequences = fields["bs"] else { return nil }
    self.init(
      contextSequences: sequences, contextTokens: fields["tok"], generationSequences: 0,
      generationTokens: 0)
    var sums = Sums(fields, prefix: "")
    sums.queries = fields["tok"]
    add(prefills: sums, decodes: Sums())
  }

  private init?(atomDecode fields: Fields) {
    guard let sequences = fields["bs"] else { return nil }
    let prefills = fields["p"] ?? 0
    guard prefills == 0 else {
      // The sums are of both, and cannot be told apart.
      guard let decodes = fields["d"] else { return nil }
      self.init(
        contextSequences: prefills, contextTokens: nil, generationSequences: decodes,
        generationTokens: nil)
      return
    }
    self.init(
      contextSequences: 0, contextTokens: 0, generationSequences: sequences,
      generationTokens: fields["tok"] ?? sequences)
    paddedSize = fields.padded ?? sequences
    var sums = Sums(fields, prefix: "")
    sums.queries = fields["tok"]
    add(prefills: Sums(), decodes: sums)
  }

  // MARK: Sums

  /// Sums over sequences of q query tokens on a context of k, the query included.
  private struct Sums {
    /// Σ q
    var queries: Int?
    /// Σ k
    var contexts: Int?
    /// Σ q²
    var squares: Int?
    /// Σ q · k
    var products: Int?

    init() {}

    init(_ fields: Fields, prefix: String) {
      queries = fields[prefix + "sq"]
      contexts = fields[prefix + "sk"]
      squares = fields[prefix + "sqsq"]
      products = fields[prefix + "sqsk"]
    }

    mutating func set(_ name: Substring, _ value: Int?) {
      switch name {
      case "sq": queries = value
      case "sk": contexts = value
      case "sqsq": squares = value
      case "sqsk": products = value
      default: break
      }
    }

    /// Σ q · (k - q) + q · (q + 1) / 2; nil where the sums are not told or contradict each other.
    var causalPairs: Int? {
      guard let queries, let squares, let products, queries >= 0, squares >= queries,
        products >= squares, products <= StepShape.largestSum
      else { return nil }
      return products - (squares - queries) / 2
    }
  }

  private mutating func add(prefills: Sums, decodes: Sums) {
    let most = StepShape.largestSum
    prefillPairs = contextSequences == 0 ? 0 : prefills.causalPairs
    prefillContext = contextSequences == 0 ? 0 : prefills.contexts.flatMap { $0 <= most ? $0 : nil }
    decodeContext =
      generationSequences == 0 ? 0 : decodes.contexts.flatMap { $0 <= most ? $0 : nil }
  }

  // MARK: Names

  /// The words in brackets: `bs=117/128 tok=117`.
  private struct Fields {
    private(set) var first: Substring = ""
    /// What follows the slash of `bs=117/128`.
    private(set) var padded: Int?
    private var values: [Substring: Int] = [:]

    init(_ text: Substring) {
      for word in text.split(whereSeparator: { $0 == " " || $0 == "]" }).prefix(64) {
        guard let equals = word.firstIndex(of: "=") else {
          if first.isEmpty { first = word }
          continue
        }
        let digits = word[word.index(after: equals)...]
        let number = digits.prefix { $0.isASCII && $0.isNumber }
        let name = word[..<equals]
        guard values[name] == nil, let value = Int(number) else { continue }
        values[name] = value
        let rest = digits.dropFirst(number.count)
        if name == "bs", rest.first == "/" { padded = Int(rest.dropFirst()) }
      }
    }

    subscript(name: String) -> Int? { values[Substring(name)] }
  }
}
