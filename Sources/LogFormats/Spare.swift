internal import Synchronization

/// One object that is kept for whoever needs it next: what is asked of a format for every line must not allocate.
final class Spare<Value: AnyObject>: @unchecked Sendable {
  // @unchecked: whoever has taken the object is its only user until it is put back.
  private let slot = Atomic<UInt>(0)

  deinit {
    if let kept = UnsafeRawPointer(bitPattern: slot.load(ordering: .acquiring)) {
      Unmanaged<Value>.fromOpaque(kept).release()
    }
  }

  /// Lends the object kept, or a new one where somebody else has it.
  @inline(__always)
  func lend<Result>(_ make: () -> Value, _ body: (Value) -> Result) -> Result {
    let bits = slot.exchange(0, ordering: .acquiring)
    let value =
      UnsafeRawPointer(bitPattern: bits).map { Unmanaged<Value>.fromOpaque($0).takeRetainedValue() } ?? make()
    let result = body(value)
    let back = Unmanaged.passRetained(value)
    let kept = UInt(bitPattern: back.toOpaque())
    if !slot.compareExchange(expected: 0, desired: kept, ordering: .releasing).exchanged { back.release() }
    return result
  }
}
