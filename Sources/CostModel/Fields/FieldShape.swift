internal import Analytical
internal import Operators

/// How the measurements of one kind of operator lie in a space, and how alike its ratios are there.
///
/// The lengths and amplitudes were fitted once, by maximum likelihood on the tables of one device
/// (H100, TensorRT-LLM 1.3.0rc20), and are the same for every device, data type and protocol; what
/// differs between devices is how much the ratios vary, which ``LatencyField`` measures.
struct FieldShape: Sendable {
  let covariance: Covariance
  let neighbourhood: Kriging.Neighbourhood
  /// What the covariance's own standard deviation is to be multiplied by where too few samples tell.
  let spread: Double
  /// How many of the first coordinates are sizes; the others are made of these.
  let sizes: Int
  /// Whether curves of all data types make one field.
  var poolsTypes = false
  /// The coordinate that is 1 for curves several times slower than those like them.
  var slowFlag: Int?
  /// Whether a curve's own cells are asked as well (``FittedCurve/estimate(at:_:with:)``): between octaves
  /// of context a line in time is as good as the field, and errs elsewhere.
  var asksCells = false
  /// The attributes that are coordinates; curves that differ in others are different fields.
  let attributes: Set<String>
  /// The places of an operator's points: of its attributes what does not depend on the point is looked
  /// up once.
  let places: @Sendable (Operator, Device) -> (AxisPoint) -> FieldPlace
  /// How many times an empty launch's time the anchor's floor is; nil where the samples tell it.
  let launches: Double?
}

/// The regions of an operator's space that are fields of their own.
enum FieldRegion: Hashable, Sendable {
  /// Sizes of tokens or bytes.
  case single
  /// Attention of prompts without a past.
  case prefill
  /// Attention of sequences that decode.
  case decode

  /// The region of a point, or nil where no field is made of it.
  init?(_ op: Operator, _ point: AxisPoint) {
    self.init(isStepAttention: op.kind.isStepAttention, point)
  }

  init?(isStepAttention: Bool, _ point: AxisPoint) {
    guard isStepAttention else {
      self = .single
      return
    }
    guard point[4] == 0 else { return nil }
    if point[0] > 0, point[1] == 0, point[2] == 0 { self = .prefill; return }
    if point[0] == 0, point[2] > 0, point[3] > 0 { self = .decode; return }
    return nil
  }
}

extension FieldShape {
  /// The shape for a kind of operator, or nil where its curves are interpolated alone.
  static func shape(of kind: OperatorKind, _ region: FieldRegion) -> FieldShape? {
    switch (kind, region) {
    case (.gemm, _): products
    case (.attention, .prefill): prefill
    case (.attention, .decode): decode
    case (.moe, _): experts
    case (.allReduce, _), (.allGather, _), (.reduceScatter, _), (.allToAll, _): collectives
    default: nil
    }
  }

  /// The attributes of a kind that are coordinates, of whatever region.
  static func coordinates(of kind: OperatorKind) -> Set<String> {
    kind.isStepAttention ? prefill.attributes : shape(of: kind, .single)?.attributes ?? []
  }

  /// log₂ of a size of at least one.
  static func octaves(_ size: Int) -> Float {
    Float(logarithm(Double(max(1, size))) / logarithm(2))
  }

  /// log₂ of an attribute.
  static func octaves(_ op: Operator, _ name: String) -> Float { octaves(op.attributes[name] ?? 1) }
}
