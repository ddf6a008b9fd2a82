private import Synchronization

/// Values that are dear to make, each made when it is first asked for.
///
/// Two threads that ask at once may both make a value; they make the same.
final class Memo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let made = Mutex<[Key: Value]>([:])

  /// The value for a key.
  func value(for key: Key, _ make: () -> Value) -> Value {
    if let value = made.withLock({ $0[key] }) { return value }
    let value = make()
    made.withLock { $0[key] = value }
    return value
  }
}
