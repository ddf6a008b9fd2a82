/// Whether a status says that a request succeeded: a code of HTTP from 200 to 299, or a word for it, such as why
/// a model stopped.
func tellsSuccess(_ status: String) -> Bool {
  // "200", "200 OK", and "200.0" of tables that have holes, whose columns are of numbers with fractions.
  let code = status.prefix { $0 != " " }
  if let code = Double(code) { return (200..<300).contains(code) }
  return [
    "true", "ok", "success", "succeeded", "completed", "complete", "finished", "done", "stop",
    "length", "eos", "tool_calls",
  ].contains(status.lowercased())
}

/// Whether the text of an error tells of one: tables write words for none.
func tellsError(_ text: String) -> Bool {
  !["", "false", "none", "null", "nan", "0", "-"].contains(text.lowercased())
}

/// Whether a word says that a request failed, where others say nothing of that: a level of logging, why an answer ended.
func tellsMishap(_ word: String) -> Bool { ["error", "abort"].contains(word.lowercased()) }

/// Whether a call of LiteLLM's is one that generates text: of its sorts those that do not are few.
func generates(callType: String) -> Bool {
  !["embedding", "image", "moderation", "transcription", "speech", "rerank", "file", "batch"]
    .contains { callType.contains($0) }
}
