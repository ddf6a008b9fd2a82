import CCrypto

/// A SHA-256 that is fed piece by piece; owns an OpenSSL context.
struct SHA256Stream: ~Copyable {
  private let context: OpaquePointer?

  init() {
    context = EVP_MD_CTX_new()
    if let context { _ = EVP_DigestInit_ex(context, EVP_sha256(), nil) }
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes.
  func update(_ bytes: UnsafeRawBufferPointer) {
    guard let context, let start = bytes.baseAddress else { return }
    _ = EVP_DigestUpdate(context, start, bytes.count)
  }

  /// The digest in lower-case hexadecimal; empty if OpenSSL has no memory. Ends the stream.
  func finish() -> String {
    guard let context else { return "" }
    var digest = [UInt8](repeating: 0, count: 32)
    guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { return "" }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in digest {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The SHA-256 of a text, in lower-case hexadecimal.
package func sha256(ofText text: String) -> String {
  let stream = SHA256Stream()
  Array(text.utf8).withUnsafeBytes { stream.update($0) }
  return stream.finish()
}
