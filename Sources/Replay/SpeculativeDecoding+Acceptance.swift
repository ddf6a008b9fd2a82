import CostModel
import Scenarios

extension SpeculativeDecoding {
  /// How many leading tokens of a draft are accepted.
  ///
  /// Whether a drafted token is accepted depends on nothing but its request and its position, so a
  /// request gets the same tokens in as many steps, however it is scheduled.
  func accepted(of drafted: Int, request: Int32, after generated: Int32) -> Int {
    let stream = BlockContent.mix(0x8f46_21ad_0d3c_9b57, UInt64(truncatingIfNeeded: request))
    for index in 0..<max(0, drafted) {
      let hash = BlockContent.mix(stream, UInt64(truncatingIfNeeded: Int(generated) + index))
      // The upper 53 bits as a number from 0 to below 1.
      guard Double(hash >> 11) * 0x1p-53 < acceptance else { return index }
    }
    return max(0, drafted)
  }
}

extension StepPrice {
  /// The price with what making the next drafts costs.
  func withDrafts(of speculation: SpeculativeDecoding) -> StepPrice {
    let factor = 1 + speculation.cost
    var price = StepPrice(
      deviceTime: deviceTime * factor,
      hostTime: hostTime * factor + speculation.microseconds * 1000,
      standardError: standardError * factor)
    price.collectiveTime = collectiveTime * factor
    return price
  }
}
