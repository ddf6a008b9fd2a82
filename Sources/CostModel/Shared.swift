/// A value that is copied by counting one reference, whatever it holds: tables that a step looks into.
final class Shared<Value: Sendable>: Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}
