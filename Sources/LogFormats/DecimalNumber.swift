/// A decimal number as mantissa and power of ten: exact as far as an `Int64` goes, 18 digits and most of 19.
struct DecimalNumber {
  /// Signed digits without the point.
  private(set) var mantissa: Int64 = 0
  /// Power of ten to multiply with.
  private(set) var exponent = 0

  /// A number that fills the bytes; nil where they are none. JSON's syntax, a leading `+` or zeros allowed.
  init?(_ bytes: UnsafeRawBufferPointer) {
    var i = 0
    let count = bytes.count
    guard count > 0, count <= 64 else { return nil }
    let isNegative = bytes[0] == 0x2D
    if isNegative || bytes[0] == 0x2B { i = 1 }
    var digits = 0
    var seenPoint = false
    while i < count {
      let byte = bytes[i]
      if Bytes.isDigit(byte) {
        digits &+= 1
        if mantissa < Int64.max / 10 {
          mantissa = mantissa &* 10 &+ Int64(byte &- 0x30)
          if seenPoint { exponent &-= 1 }
        } else if !seenPoint {
          exponent &+= 1
        }
      } else if byte == 0x2E, !seenPoint {
        seenPoint = true
      } else {
        break
      }
      i &+= 1
    }
    guard digits > 0 else { return nil }
    if i < count, bytes[i] | 0x20 == 0x65 {
      i &+= 1
      var power = 0
      var powerDigits = 0
      let powerIsNegative = i < count && bytes[i] == 0x2D
      if i < count, bytes[i] == 0x2D || bytes[i] == 0x2B { i &+= 1 }
      while i < count, Bytes.isDigit(bytes[i]), powerDigits < 5 {
        power = power &* 10 &+ Int(bytes[i] &- 0x30)
        powerDigits &+= 1
        i &+= 1
      }
      guard powerDigits > 0 else { return nil }
      exponent &+= powerIsNegative ? 0 &- power : power
    }
    guard i == count else { return nil }
    if isNegative { mantissa = 0 &- mantissa }
  }

  /// Number of digits before the point (0 for numbers below 1).
  var magnitudeOrder: Int {
    var digits = 0
    var rest = mantissa.magnitude
    while rest > 0 {
      rest /= 10
      digits &+= 1
    }
    return digits &+ exponent
  }

  /// The value times `unit`, cut to a whole number; nil where that does not fit.
  func scaled(by unit: Int64) -> Int64? {
    if mantissa == 0 { return 0 }
    var value = mantissa
    var exponent = exponent
    guard exponent < 20, exponent > -40 else { return exponent < 0 ? 0 : nil }
    // A power of ten that is in the unit already cancels against a negative exponent before anything is lost.
    var unit = unit
    while exponent < 0, unit % 10 == 0 {
      unit /= 10
      exponent &+= 1
    }
    while exponent < 0 {
      value /= 10
      exponent &+= 1
    }
    let (scaled, overflow) = value.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    value = scaled
    while exponent > 0 {
      let (more, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = more
      exponent &-= 1
    }
    return value
  }

  /// The weight of the last digit as written, times `unit`; at least 1.
  func step(of unit: Int64) -> Int64 {
    var step = unit
    var exponent = exponent
    while exponent < 0, step > 1 {
      step /= 10
      exponent &+= 1
    }
    return max(1, step)
  }

  /// The nearest `Double`.
  var doubleValue: Double {
    var value = Double(mantissa)
    var power = exponent
    while power > 0, value.isFinite, value != 0 {
      value *= 10
      power -= 1
    }
    while power < 0, value != 0 {
      value /= 10
      power += 1
    }
    return value
  }
}
