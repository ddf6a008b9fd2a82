import Operators

/// Translates operators of XLA into the shared language.
enum HLOMapping {
  /// A matrix product: `dot`, a call of cuBLAS or hipBLASLt, or a fusion around one `dot`.
  ///
  /// The sizes come from the shapes alone, so that no order of dimensions matters: of a result
  /// `[batch, m, n]`, *k* is what is left of the first operand, and must be so of the second too.
  static func product(_ product: HLOInstruction, in module: HLOModule) -> OperatorMapping.Result? {
    let result = product.shape.sizes
    guard let operands = module.operands(of: product), operands.count >= 2, result.count >= 2,
      result.allSatisfy({ $0 > 0 }),
      let batch = Array(result.dropLast(2)).product, let left = operands[0].sizes.product,
      let right = operands[1].sizes.product
    else { return nil }
    let (m, n) = (result[result.count - 2], result[result.count - 1])
    guard let rows = [batch, m].product, rows > 0, left > 0, left % rows == 0 else { return nil }
    let k = left / rows
    guard [batch, k, n].product == right else { return nil }
    var attributes = ["n": n, "k": k]
    if batch != 1 { attributes["batch"] = batch }
    let types = TypeList(json: "[\"\(operands[0].typeName)\"]")
    let mapped = OperatorMapping.Result(
      operator: Operator(.gemm, dataType: types.dataType(0), attributes), point: AxisPoint(m))
    return SizeLimits.allow(mapped.operator, at: mapped.point) ? mapped : nil
  }

  /// A sum over devices, by the bytes of all its operands.
  ///
  /// The other collectives keep their names: which of their sides the bytes mean is not settled.
  static func allReduce(
    _ instruction: HLOInstruction, in module: HLOModule
  ) -> OperatorMapping.Result? {
    guard ["all-reduce", "all-reduce-start"].contains(instruction.opcode), instruction.ranks > 1,
      let operands = module.operands(of: instruction)
    else { return nil }
    let types = TypeList(json: "[\"\(operands.first?.typeName ?? "")\"]")
    guard let size = types.elementSize(0) else { return nil }
    var bytes = 0
    for operand in operands {
      guard operand.type == operands[0].type, operand.sizes.allSatisfy({ $0 > 0 }),
        let part = (operand.sizes + [size]).product
      else { return nil }
      let (sum, overflow) = bytes.addingReportingOverflow(part)
      guard !overflow else { return nil }
      bytes = sum
    }
    let mapped = OperatorMapping.Result(
      operator: Operator(
        .allReduce, dataType: types.dataType(0), ["ranks": instruction.ranks]),
      point: AxisPoint(bytes))
    return SizeLimits.allow(mapped.operator, at: mapped.point) ? mapped : nil
  }

  /// The name without the number that XLA adds: `loop_fusion.12` and `loop_fusion.3` are one kind.
  static func baseName(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    let digits = name[name.index(after: dot)...]
    return !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
      ? String(name[..<dot]) : name
  }
}
