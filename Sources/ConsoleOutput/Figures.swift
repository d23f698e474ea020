/// Numbers as people read them. Always with a point and without locale, so that outputs can be compared.
public enum Figures {
  /// A whole number with thousands divided by commas: `1,234,567`.
  public static func grouped(_ value: some BinaryInteger) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return (value < 0 ? "-" : "") + text
  }

  /// A number with its noun: `1 event`, `2 events`.
  public static func counted(_ number: some BinaryInteger, _ noun: String, _ plural: String? = nil) -> String
  {
    "\(grouped(number)) \(number == 1 ? noun : plural ?? noun + "s")"
  }

  /// A number of bytes in decimal units: `1.2 GB`.
  public static func bytes(_ value: UInt64) -> String {
    guard value >= 1000 else { return "\(value) B" }
    var scaled = Double(value)
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
      scaled /= 1000
      if scaled < 999.5 || unit == "PB" { return "\(decimal(scaled, scaled < 9.95 ? 1 : 0)) \(unit)" }
    }
    return "\(value) B"
  }

  /// A share as per cent: `12.5 %`.
  public static func percent(_ share: Double, digits: Int = 0) -> String {
    "\(decimal(share * 100, digits)) %"
  }

  /// A length of time: `850 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`.
  public static func duration(seconds: Double) -> String {
    guard seconds.isFinite else { return "unknown" }
    let sign = seconds < 0 ? "-" : ""
    let value = abs(seconds)
    if value < 0.9995 { return "\(sign)\(Int((value * 1000).rounded())) ms" }
    if value < 59.95 { return "\(sign)\(decimal(value, value < 9.95 ? 1 : 0)) s" }
    let whole = Int64(min(value.rounded(), 9e15))
    if whole < 3600 { return "\(sign)\(whole / 60) min" + (whole % 60 == 0 ? "" : " \(whole % 60) s") }
    if whole < 86_400 {
      return "\(sign)\(whole / 3600) h" + (whole % 3600 < 60 ? "" : " \(whole % 3600 / 60) min")
    }
    return "\(sign)\(whole / 86_400) d" + (whole % 86_400 < 3600 ? "" : " \(whole % 86_400 / 3600) h")
  }

  /// A number with a fixed count of decimals, half away from zero.
  public static func decimal(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "not a number" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let whole = Int64(scaled) / Int64(scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(Int64(scaled) % Int64(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// A bar of block characters, `columns` wide at share 1.
  public static func bar(_ share: Double, columns: Int) -> String {
    let eighths = Int((max(0, min(1, share.isFinite ? share : 0)) * Double(columns * 8)).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
  }

  /// One character per value, from `▁` to `█`; zero is a blank.
  public static func sparkline(_ values: [Double]) -> String {
    let top = values.max() ?? 0
    guard top > 0 else { return String(repeating: " ", count: values.count) }
    let levels = Array("▁▂▃▄▅▆▇█")
    return String(values.map { $0 <= 0 ? " " : levels[min(7, Int($0 / top * 7.999))] })
  }
}
