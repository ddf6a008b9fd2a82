/// Whether a status says that a request succeeded: a code of HTTP from 200 to 299, or a word for it, such as why
/// a model stopped.
func tellsSuccess(_ status: String) -> Bool {
  // "200", "200 OK", and "200.0" of tables that have holes, whose columns are of numbers with fractions.
  let code = status.prefix { $0 != " " }
  if let code = Double(code) { return (200..<300).contains(code) }
  return [
    "true", "ok", "success", "succeeded", "completed", "complete", "finished", "done",
    // Why a model stopped, in the words of OpenAI, Anthropic and vLLM.
    "stop", "length", "eos", "tool_calls", "function_call", "content_filter", "end_turn",
    "max_tokens",
    "stop_sequence", "tool_use", "finished_stopped", "finished_length_capped",
  ].contains(status.lowercased())
}

/// Whether the text of an error tells of one: tables write words for none.
func tellsError(_ text: String) -> Bool {
  if let number = Double(text) { return number != 0 && !number.isNaN }
  return !["", "false", "no", "none", "null", "n/a", "[]", "{}", "-"].contains(text.lowercased())
}

/// Whether a text stands for none, as tables write what is missing.
func tellsNothing(_ text: String) -> Bool {
  ["", "nan", "none", "null", "n/a", "-"].contains(text.lowercased())
}

/// Whether a word says that a request failed, where others say nothing of that: a level of logging, why an answer ended.
func tellsMishap(_ word: String) -> Bool { ["error", "abort"].contains(word.lowercased()) }

/// Whether a call of LiteLLM's is one that generates text: of its sorts those that do not are few.
func generates(callType: String) -> Bool {
  if callType.contains("completion") { return true }
  return ![
    "embedding", "image", "moderation", "transcription", "speech", "rerank", "file", "batch",
  ]
  .contains { callType.contains($0) }
}
