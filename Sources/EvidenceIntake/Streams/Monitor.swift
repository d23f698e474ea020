import Glibc

/// A value that threads share and wait for (C. A. R. Hoare, Monitors: an operating system structuring concept, 1974).
final class Monitor<Value>: @unchecked Sendable {
  // @unchecked: `value` is touched with the mutex held alone.
  private var value: Value
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(_ value: Value) {
    self.value = value
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Looks at the value and wakes nobody.
  func look<Result>(_ body: (Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(value)
  }

  /// Changes the value and wakes whoever waits.
  func change<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return body(&value)
  }

  /// Waits until `body` gives something; it is asked again after each change.
  func wait<Result>(_ body: (inout Value) -> Result?) -> Result {
    pthread_mutex_lock(mutex)
    while true {
      if let result = body(&value) {
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
        return result
      }
      pthread_cond_wait(changed, mutex)
    }
  }
}
