import RequestLogs

/// What contexts hold, so that engines and stores know them again.
///
/// Names stand for pieces of equal size. A log's names are those of the prompt; what follows (documents,
/// thoughts, answers) is of the request alone, and where a stage needs names and the log has none, the
/// prompt is too. Contexts only grow at their end, so a piece's name stays true.
extension PipelineFleet {
  /// Keeps the names that the log has.
  mutating func nameLoggedContent(_ record: RequestRecord, of index: Int) {
    guard !record.content.isEmpty, record.tokensPerContentName > 0 else { return }
    let start = chains.allocate(record.content.count)
    var hash = BlockContent.origin
    for (place, name) in record.content.enumerated() {
      hash = BlockContent.mix(hash, name)
      chains[start + place] = hash
    }
    journeys[index].chainStart = start
    journeys[index].chainCount = record.content.count
    journeys[index].tokensPerName = min(record.tokensPerContentName, Int(Int32.max))
    journeys[index].loggedNames = record.content.count
    journeys[index].namedFrom = record.content.count
  }

  /// Sees to it that all whole pieces of a context and of so many tokens after it have names, where its
  /// pipeline needs them.
  mutating func nameContext(of index: Int, answer: Int) {
    let journey = journeys[index]
    guard pipelines[journey.pipeline].namesContexts else { return }
    let size = journey.tokensPerName
    // The log's prompt, with its passages.
    let prompt = journey.prompt + journey.passageTokens
    // Where the prompt ends within a piece, the log's name would stand for that end alone.
    let kept =
      journey.context > prompt || journey.loggedNames * size < prompt
      ? min(journey.loggedNames, prompt / size) : journey.loggedNames
    let count = max(kept, (journey.context + answer) / size + 1)
    guard count > journey.chainCount || journey.namedFrom != kept else { return }
    let start = chains.allocate(count)
    var hash = BlockContent.origin
    for place in 0..<count {
      if place < kept {
        hash = chains[journey.chainStart + place]
      } else {
        hash = BlockContent.mix(
          hash, BlockContent.mix(~UInt64(truncatingIfNeeded: journey.number), UInt64(place)))
      }
      chains[start + place] = hash
    }
    chains.release(journey.chainStart)
    journeys[index].chainStart = start
    journeys[index].chainCount = count
    journeys[index].namedFrom = kept
  }

  /// The content of a request's context, as an engine keeps it.
  func content(of journey: Journey) -> BlockContent {
    BlockContent(
      chainStart: max(0, journey.chainStart), chainCount: Int32(clamping: journey.chainCount),
      tokensPerName: Int32(clamping: journey.tokensPerName), request: contentNumber)
  }
}
