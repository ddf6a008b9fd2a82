internal import Analytical
internal import OperatorStore
package import Operators

extension CostModel {
  /// Everything that could price one operator; found once, used for every step, and shared, as a copy
  /// would count a dozen of references.
  final class Candidates: Sendable {
    let `operator`: Operator
    /// Its own curve.
    let own: FittedCurve?
    /// For attention, the curves of several prefills under the same runtime.
    let batches: [PrefillBatch]
    /// The nearest other curves of its kind, at most four, with their distance in octaves, where its own one does
    /// not tell of all that may be asked.
    let others: [(curve: FittedCurve, octaves: Double)]
    /// For attention, what its work is made of.
    let attention: AttentionWork?
    /// Its work by its sizes; nil for kinds whose work is not known.
    let work: WorkLaw?
    /// What told of the regions that nobody measured of the operator itself.
    private let fields: [(region: FieldRegion, field: LatencyField)]

    init(
      _ op: Operator, own: FittedCurve? = nil, batches: [PrefillBatch] = [],
      others: [(curve: FittedCurve, octaves: Double)] = [],
      fields: [(region: FieldRegion, field: LatencyField)] = []
    ) {
      self.fields = fields
      self.operator = op
      self.own = own
      self.batches = batches
      self.others = others
      self.attention = op.kind.isStepAttention ? AttentionWork(op) : nil
      self.work = WorkLaw(op)
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
  /// same attribute names. Another data type counts as four octaves.
  func candidates(for op: Operator) -> Candidates {
    prepared.value(for: op) { filledCandidates(for: op) ?? plainCandidates(for: op) }
  }

  /// Finds what could price some operators, on several threads: what each asks for later is then there, and
  /// is what it would have been, had one been asked for after the other.
  ///
  /// First the fields, each once, as whoever asks for one that is being made waits; then what is laid
  /// along them for each operator.
  package func prepare(_ operators: [Operator]) {
    var asked: Set<String> = []
    let fields = operators.flatMap { op in
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
  private func plainCandidates(for op: Operator) -> Candidates {
    if let own = curves.curve(of: op) {
      return Candidates(op, own: own, batches: curves.batches(of: op), others: others(to: op, own))
    }
    return Candidates(op, others: others(to: op, nil))
  }

  /// The nearest curves of an operator's kind that tell what its own one does not.
  private func others(
    to op: Operator, _ own: FittedCurve?
  ) -> [(curve: FittedCurve, octaves: Double)] {
    let lacking = regions(of: op).filter { own?.holds($0) != true }
    if lacking.isEmpty { return [] }
    let stores = [curves] + relatives.map(\.curves)
    for isStrict in [true, false] {
      for store in stores {
        let others = nearest(to: op, in: store, isStrict: isStrict, lacking)
        if !others.isEmpty { return others }
      }
    }
    return []
  }

  /// The four curves of an operator's kind whose attributes are most like its own, with the distance in
  /// octaves.
  ///
  /// - Parameter isStrict: whether only curves with the same attributes' names count; else each name that one of
  ///   the two lacks, such as that of narrow weights, is as far as another type.
  /// - Parameter regions: those of which a curve must hold one.
  private func nearest(
    to op: Operator, in curves: CurveStore, isStrict: Bool, _ regions: [FieldRegion]
  ) -> [(curve: FittedCurve, octaves: Double)] {
    // In a fixed order: sums of other orders round to others, and equally near curves change places.
    let attributes = op.attributes.sorted { $0.key < $1.key }
    let others = curves.operators(of: op.kind).compactMap {
      like -> (op: Operator, octaves: Double)? in
      if isStrict, like.attributes.count != op.attributes.count { return nil }
      var octaves = like.dataType == op.dataType ? 0.0 : 4.0
      octaves += 4 * Double(like.attributes.keys.count { op.attributes[$0] == nil })
      for (name, value) in attributes {
        guard let other = like.attributes[name] else {
          if isStrict { return nil }
          octaves += 4
          continue
        }
        octaves += octavesBetween(value, other)
      }
      return (like, octaves)
    }
    // Stable, so that the fixed order of curves decides between equals.
    let nearest = others.enumerated().sorted {
      ($0.element.octaves, $0.offset) < ($1.element.octaves, $1.offset)
    }
    let fitted = nearest.lazy.compactMap { _, near in
      curves.curve(of: near.op).map { (curve: $0, octaves: near.octaves) }
    }.filter { regions.contains(where: $0.curve.holds) }
    return Array(fitted.prefix(4))
  }

  /// The operator's own curve with its gaps filled from fields, or a curve of fields alone; nil where
  /// there is no field.
  private func filledCandidates(for op: Operator) -> Candidates? {
    let found = regions(of: op).compactMap { region in
      field(for: op, region).map { (region: region, field: $0) }
    }
    guard let runtime = found.first?.field.key.runtime else { return nil }
    // Attention of whole steps needs both of its regions; a curve may bring one of its own.
    let own = curves.curve(of: op)
    guard own != nil || found.count == regions(of: op).count else { return nil }
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
      op, own: curve, batches: batches, others: others(to: op, curve),
      fields: found.filter { own?.holds($0.region) != true })
  }

  /// The numbers of equal prefills of which compiled steps have curves.
  private static let sequences = [2, 4, 8, 16]
}
