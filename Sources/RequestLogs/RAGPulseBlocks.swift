import Foundation
import Operators
import TraceIO

/// The blocks of which RAGPulse's prompts consist: their kinds, and how long each is.
///
/// The log names the blocks of a prompt by kind; their lengths stand in a file a kind beside it
/// (`2_passages.jsonl`, compressed or not), and differ from block to block. A prompt's content is named in
/// pieces of ``tokensPerName``, each after all blocks that it touches, so that prompts share as many pieces
/// as they have equal blocks from their beginning on. The last few tokens, which belong to no block (a chat
/// template), are the request's own.
struct RAGPulseBlocks: Sendable {
  /// In the order in which they stand in a prompt: the member of `hash_ids`, and of a line of the file.
  private static let kinds = [
    (name: "sys_prompt", id: "sys_prompt_id"), (name: "passages_ids", id: "passage_id"),
    (name: "history", id: "history_id"), (name: "web_search", id: "web_search_id"),
    (name: "user_input", id: "user_input_id"),
  ]
  private static let passages = 1
  private static let files = [
    "1_sys_prompt", "2_passages", "3_history", "5_web_search", "4_user_input",
  ]
  private static let keys = JSONKeys(kinds.map(\.name))

  /// vLLM's block.
  static let tokensPerName = 16
  /// More blocks than any log has.
  private static let mostBlocks = 1 << 24

  private var lengths: [UInt64: Int] = [:]

  /// Reads the files of blocks beside a log of RAGPulse; nil beside another, or where one is missing.
  static func beside(
    _ path: String, start: [UInt8], limits: InputLimits
  ) throws(TraceIOError) -> RAGPulseBlocks? {
    guard RequestLogFormat.detect(start) == .ragPulse else { return nil }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    var blocks = RAGPulseBlocks()
    for (kind, file) in zip(kinds, files) {
      let paths = ["", ".zst", ".gz"].map {
        folder.appendingPathComponent("\(file).jsonl\($0)").path
      }
      guard let found = paths.first(where: isRegularFile) else { return nil }
      try blocks.read(JSONLineReader(ByteSource(path: found, limits: limits)), id: kind.id)
    }
    return blocks
  }

  /// Takes the lengths of one file; lines that do not tell one are passed over, and their blocks stay
  /// unknown.
  private mutating func read(_ lines: consuming JSONLineReader, id: String) throws(TraceIOError) {
    let keys = JSONKeys([id, "token_length"])
    while try lines.next(), lengths.count < Self.mostBlocks {
      var values: [Int64?] = [nil, nil]
      do {
        guard try lines.scanner.next() == .objectStart else { continue }
        while try lines.scanner.next() == .key {
          let index = lines.scanner.index(in: keys)
          let token = try lines.scanner.next()
          if index >= 0, token == .number { values[index] = lines.scanner.integer() }
          try lines.scanner.skipValue(of: token)
        }
      } catch {
        continue
      }
      guard let name = values[0], let length = values[1], name >= 0,
        (1...RawRow.mostTokens).contains(length)
      else { continue }
      lengths[UInt64(name)] = Int(length)
    }
  }

  /// Reads the member `hash_ids`: the names of each kind, in the order of a prompt.
  static func names(
    _ token: JSONScanner.Token, _ scanner: inout JSONScanner
  ) throws -> [[UInt64]] {
    guard token == .objectStart else { throw RowProblem.badNumber }
    var names = [[UInt64]](repeating: [], count: kinds.count)
    while try scanner.next() == .key {
      let index = scanner.index(in: keys)
      let token = try scanner.next()
      if index >= 0, token != .null {
        names[index] = try scanner.rowNames(token)
      } else {
        try scanner.skipValue(of: token)
      }
    }
    return names
  }

  /// Gives a row its class, its passages and, where the blocks are known, its content.
  static func describe(_ row: inout RawRow, blocks: RAGPulseBlocks?, number: Int) {
    row.requestClass = "rag"
    guard row.blocks.count == kinds.count else { return }
    row.passages = Int64(row.blocks[passages].count)
    guard let blocks, let input = row.inputTokens, (1...RawRow.mostTokens).contains(input) else {
      return
    }
    row.content = blocks.content(row.blocks, tokens: Int(input), number: number)
    row.tokensPerContentName = Int64(tokensPerName)
    row.passageTokens = blocks.passageTokens(row.blocks[passages]).map { min(Int64($0), input - 1) }
    row.blocks = []
  }

  /// Tokens of passages; nil if one is not known.
  private func passageTokens(_ names: [UInt64]) -> Int? {
    var tokens = 0
    for name in names {
      guard let length = lengths[name] else { return nil }
      tokens += length
    }
    return tokens
  }

  /// Names of the pieces of a prompt; none if a block is not known.
  private func content(_ blocks: [[UInt64]], tokens: Int, number: Int) -> [UInt64] {
    var pieces: [UInt64] = []
    pieces.reserveCapacity(tokens / Self.tokensPerName)
    var piece: UInt64 = 0
    var place = 0
    /// Adds tokens of one block to the piece that is begun, and all that follow.
    func add(_ name: UInt64, _ length: Int) {
      var offset = 0
      while offset < length, place < tokens {
        let taken = min(
          Self.tokensPerName - place % Self.tokensPerName, length - offset, tokens - place)
        piece = SplitMix64.mixed(SplitMix64.mixed(piece, name), UInt64(offset))
        place += taken
        offset += taken
        if place % Self.tokensPerName == 0 {
          pieces.append(piece)
          piece = 0
        }
      }
    }
    for name in blocks.joined() {
      guard let length = lengths[name] else { return [] }
      add(SplitMix64.mixed(name), length)
    }
    add(SplitMix64.mixed(~0, UInt64(number)), tokens - min(place, tokens))
    return pieces
  }
}
