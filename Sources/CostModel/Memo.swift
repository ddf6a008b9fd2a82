private import Synchronization

/// Values that are dear to make, each made when it is first asked for.
///
/// Threads that ask for different values do not wait for each other; one that asks for a value that another
/// is making waits for it. Making a value must not ask for itself.
final class Memo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  /// One value, and who makes it.
  private final class Entry: Sendable {
    let value = Mutex<Value?>(nil)
  }

  private let entries = Mutex<[Key: Entry]>([:])

  /// The value for a key.
  func value(for key: Key, _ make: () -> Value) -> Value {
    let entry = entries.withLock { entries in
      if let entry = entries[key] { return entry }
      let entry = Entry()
      entries[key] = entry
      return entry
    }
    return entry.value.withLock { value in
      if let value { return value }
      let made = make()
      value = made
      return made
    }
  }
}
