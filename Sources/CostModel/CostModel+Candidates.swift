internal import Analytical
internal import OperatorStore
package import Operators

extension CostModel {
  /// A curve of another operator, that a ratio may be borrowed from.
  struct Lender {
    let curve: FittedCurve
    /// How far its attributes and its type are from those that are asked for.
    let octaves: Double
    /// The work of what is asked for, were it of the lender's type.
    let work: WorkLaw?
    let attention: AttentionWork

    init(_ curve: FittedCurve, to op: Operator, octaves: Double) {
      var alike = op
      alike.dataType = curve.operator.dataType
      if op.kind.isStepAttention { alike.attributes["kvBits"] = curve.operator.keyValueBits }
      self.curve = curve
      self.octaves = octaves
      self.work = WorkLaw(alike)
      self.attention = AttentionWork(alike)
    }
  }

  /// Everything that could price one operator; found once, used for every step, and shared, as a copy
  /// would count a dozen of references.
  final class Candidates: Sendable {
    let `operator`: Operator
    /// Whether it stands for the same in its type's twin, of which nothing was measured.
    let isTwin: Bool
    /// Its own curve.
    let own: FittedCurve?
    /// For attention, the curves of several prefills under the same runtime.
    let batches: [PrefillBatch]
    /// The nearest other curves of its kind by the regions that its own one does not tell of.
    let others: [FieldRegion: [Lender]]
    /// The same attention without its window, where nobody measured it with it: the most that it takes.
    let whole: Candidates?
    /// Whether prefills and decodes of one step are priced each by who measured such, as nobody measured both.
    let pricesPhasesApart: Bool
    /// For attention, what its work is made of.
    let attention: AttentionWork?
    /// Its work by its sizes; nil for kinds whose work is not known.
    let work: WorkLaw?
    /// What told of the regions that nobody measured of the operator itself.
    private let fields: [(region: FieldRegion, field: LatencyField)]

    init(
      _ op: Operator, isTwin: Bool, own: FittedCurve?, batches: [PrefillBatch],
      others: [FieldRegion: [Lender]],
      fields: [(region: FieldRegion, field: LatencyField)] = [], whole: Candidates? = nil
    ) {
      self.whole = whole
      self.fields = fields
      self.operator = op
      self.isTwin = isTwin
      self.own = own
      self.batches = batches
      self.others = others
      self.pricesPhasesApart = Self.pricesPhasesApart(own, others)
      self.attention = op.kind.isStepAttention ? AttentionWork(op) : nil
      self.work = WorkLaw(op)
    }

    private static func pricesPhasesApart(
      _ own: FittedCurve?, _ others: [FieldRegion: [Lender]]
    ) -> Bool {
      func tellsWhole(_ curve: FittedCurve) -> Bool {
        curve.mixed != nil || (curve.holds(.prefill) && curve.holds(.decode))
      }
      if let own, own.mixed != nil || own.holds(.prefill) || own.holds(.decode) {
        return !tellsWhole(own)
      }
      return !others.isEmpty && others[.prefill]?.contains { tellsWhole($0.curve) } != true
    }

    /// Where the operator has one size, and its own curve does not tell it, those that its ratio is borrowed from.
    var lenders: [Lender] { others[.single] ?? [] }

    /// The attention of a step by the operator's own curve; nil where that does not tell it.
    func ownEstimate(of shape: StepShape) -> FittedCurve.Estimate? {
      guard let attention else { return nil }
      return own?.estimate(attention: shape, attention, batches: batches)
    }

    /// How the attention of a step came about, as far as fields told of it, in words; nil where none did.
    func explanation(of shape: StepShape, _ evidence: Evidence) -> String? {
      let asked: [FieldRegion] =
        (shape.prefillTokens > 0 ? [.prefill] : []) + (shape.decodeSequences > 0 ? [.decode] : [])
      let told = asked.map { region in
        fields.first { $0.region == region }.map { $0.field.explanation(evidence, own: nil) }
      }
      guard let own, told.contains(where: { $0 != nil }) else { return nil }
      return told.map { $0 ?? own.described }.joined(separator: "; ")
    }
  }

  /// The curves that could price an operator: its own, or else the nearest of its kind with the
  /// same attribute names. Another data type counts as four octaves, its twin as a quarter of one.
  func candidates(for op: Operator) -> Candidates {
    prepared.value(for: op) {
      let (op, isTwin) = asMeasured(op)
      return filledCandidates(for: op, isTwin) ?? plainCandidates(for: op, isTwin)
    }
  }

  /// The operator that is priced where one is asked for: itself, or the same in the twin of its type, where that was
  /// measured and its own was not.
  func asMeasured(_ op: Operator) -> (operator: Operator, isTwin: Bool) {
    guard let type = op.dataType, let other = type.twin, !curves.holds(op),
      device.peakFlops(type) == device.peakFlops(other)
    else { return (op, false) }
    var twin = op
    twin.dataType = other
    if curves.holds(twin) { return (twin, true) }
    for store in [curves] + relatives.map(\.curves) {
      if store.holds(op.kind, type) { return (op, false) }
      if store.holds(op.kind, other) { return (twin, true) }
    }
    return (op, false)
  }

  /// Finds what could price some operators, on several threads: what each asks for later is then there, and
  /// is what it would have been, had one been asked for after the other.
  ///
  /// First the fields, each once, as whoever asks for one that is being made waits; then what is laid
  /// along them for each operator.
  package func prepare(_ operators: [Operator]) {
    var asked: Set<String> = []
    let fields = operators.map { asMeasured($0).operator }.flatMap { op in
      regions(of: op).filter { asked.insert("\(op.kind) \($0)").inserted }.map { (op, $0) }
    }
    _ = onThreads(Self.threads, count: fields.count) { index in
      field(for: fields[index].0, fields[index].1)?.measureScatter()
    }
    _ = onThreads(Self.threads, count: operators.count) { index in
      _ = candidates(for: operators[index])
    }
  }

  /// A step has three or four kinds with fields.
  static let threads = 4

  private func regions(of op: Operator) -> [FieldRegion] {
    op.kind.isStepAttention ? [.prefill, .decode] : [.single]
  }

  /// The operator's own curve, or else the nearest of its kind, on another device where this one has none.
  private func plainCandidates(for op: Operator, _ isTwin: Bool) -> Candidates {
    let own = curves.curve(of: op)
    return Candidates(
      op, isTwin: isTwin, own: own, batches: own == nil ? [] : curves.batches(of: op),
      others: others(to: op, own), whole: own == nil ? whole(of: op) : nil)
  }

  /// What could price the attention of an operator without its window; nil where it has none.
  private func whole(of op: Operator) -> Candidates? {
    var whole = op
    guard op.kind.isStepAttention, whole.attributes.removeValue(forKey: "window") != nil else {
      return nil
    }
    return candidates(for: whole)
  }

  /// The nearest curves of an operator's kind that tell what its own one does not.
  private func others(to op: Operator, _ own: FittedCurve?) -> [FieldRegion: [Lender]] {
    let stores = [curves] + relatives.map(\.curves)
    var found: [FieldRegion: [Lender]] = [:]
    for region in regions(of: op) where own?.holds(region) != true {
      let tries = [true, false].lazy.flatMap { isStrict in
        stores.lazy.map { self.nearest(to: op, in: $0, isStrict: isStrict, region) }
      }
      found[region] = tries.first { !$0.isEmpty }
    }
    return found
  }

  /// The four curves of an operator's kind whose attributes are most like its own, with the distance in
  /// octaves.
  ///
  /// - Parameter isStrict: whether only curves with the same attributes' names count; else each name that one of
  ///   the two lacks, such as that of narrow weights, is as far as another type.
  /// - Parameter region: what a curve must hold.
  private func nearest(
    to op: Operator, in curves: CurveStore, isStrict: Bool, _ region: FieldRegion
  ) -> [Lender] {
    // In a fixed order: sums of other orders round to others, and equally near curves change places.
    let asked = op.lendingAttributes
    let attributes = asked.sorted { $0.key < $1.key }
    let others = curves.operators(of: op.kind).compactMap {
      like -> (op: Operator, octaves: Double)? in
      let own = like.lendingAttributes
      if isStrict, own.count != asked.count { return nil }
      var octaves = like.dataType == op.dataType ? 0 : like.dataType == op.dataType?.twin ? 0.25 : 4
      octaves += 4 * Double(own.keys.count { asked[$0] == nil })
      for (name, value) in attributes {
        guard let other = own[name] else {
          if isStrict { return nil }
          octaves += 4
          continue
        }
        // Keys of another width are another type.
        octaves += (name == "kvBits" ? 4 : 1) * octavesBetween(value, other)
      }
      return (like, octaves)
    }
    // Stable, so that the fixed order of curves decides between equals.
    let nearest = others.enumerated().sorted {
      ($0.element.octaves, $0.offset) < ($1.element.octaves, $1.offset)
    }
    let fitted = nearest.lazy.compactMap { _, near in
      curves.curve(of: near.op).map { Lender($0, to: op, octaves: near.octaves) }
    }.filter { $0.curve.holds(region) }
    return Array(fitted.prefix(4))
  }

  /// The operator's own curve with its gaps filled from fields, or a curve of fields alone; nil where
  /// there is no field.
  private func filledCandidates(for op: Operator, _ isTwin: Bool) -> Candidates? {
    let found = regions(of: op).compactMap { region in
      field(for: op, region).map { (region: region, field: $0) }
    }
    guard let runtime = found.first?.field.key.runtime else { return nil }
    let own = curves.curve(of: op)
    var curve = own ?? FittedCurve(op, runtime: runtime, on: device)
    for (region, field) in found { curve = curve.filled(from: field, region, upTo: bounds) }
    var batches = curves.batches(of: op)
    if batches.isEmpty, let field = found.first(where: { $0.region == .prefill })?.field {
      batches = Self.sequences.filter { field.holdsSequences(upTo: $0) }.map { sequences in
        var several = op
        several.attributes["sequences"] = sequences
        return PrefillBatch(
          sequences: sequences,
          curve: FittedCurve(several, runtime: runtime, on: device)
            .filled(from: field, .prefill, upTo: bounds))
      }
    }
    return Candidates(
      op, isTwin: isTwin, own: curve, batches: batches, others: others(to: op, curve),
      fields: found.filter { own?.holds($0.region) != true },
      whole: own == nil ? whole(of: op) : nil)
  }

  /// The numbers of equal prefills of which compiled steps have curves.
  private static let sequences = [2, 4, 8, 16]
}

extension Operator {
  /// Attention in a narrow type, with queries in bf16 and its own keys and values; nil for all else.
  var withWideQueries: Operator? {
    guard kind.isStepAttention, let bits = keyValueBits, (dataType?.bytesPerElement ?? 2) < 2 else {
      return nil
    }
    var wide = self
    wide.dataType = .bfloat16
    wide.attributes["kvBits"] = bits
    return wide
  }

  /// The width of attention's keys and values: that of its type unless it says another.
  fileprivate var keyValueBits: Int? {
    attributes["kvBits"] ?? dataType.map { Int($0.bytesPerElement * 8) }
  }

  /// By what operators are alike: of attention also the width of keys and values, whoever says it. In fp8 with its keys in
  /// fp8 a decode reads what one in bf16 with such keys reads.
  fileprivate var lendingAttributes: [String: Int] {
    var all = attributes
    if kind.isStepAttention { all["kvBits"] = keyValueBits }
    return all
  }
}
