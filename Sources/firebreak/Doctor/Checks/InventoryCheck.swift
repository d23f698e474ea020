import ConsoleOutput
import Crypto
import Glibc
import IncidentModel
import PlaybookModel

/// Is the inventory new enough to decide by, and does it say what interlocks and playbooks ask of it? Which devices have no image
/// to go back to?
struct InventoryCheck: DoctorCheck {
  static let name = "inventory"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    guard context.casePath != nil, context.caseProblem == nil else {
      return [.skipped("inventory", "it is in the case: --case FILE")]
    }
    guard let inventory = context.inventory, inventory.count > 0 else {
      return [
        .failure(
          "devices", "the case has no inventory: no device can be a target",
          "firebreak ingest --inventory FILE.csv")
      ]
    }
    return [age(context, inventory)] + columns(context, inventory) + sharedAddresses(inventory)
      + images(context, inventory)
  }

  private static func age(_ context: DoctorContext, _ inventory: Inventory) -> DoctorFinding {
    let devices = Figures.counted(inventory.count, "device")
    guard let (text, read) = InventoryRecord.newest(context.custody),
      let asOf = DocumentTimestamp.parse(text)?.nanoseconds
    else {
      return .warning(
        "age", "\(devices); nothing says how old the inventory is",
        "firebreak ingest --inventory FILE.csv once more")
    }
    let hours = Double(context.now.nanoseconds - min(asOf, read.nanoseconds)) / 3.6e12
    let said = "\(devices), written \(text), \(Figures.duration(seconds: hours * 3600)) ago"
    return hours > context.options.maximumAge
      ? .failure(
        "age", said, "interlocks decide by it: ingest a new one, or say --max-age \(Int(hours.rounded(.up)))")
      : .ok("age", said)
  }

  /// What a playbook asks of the inventory, by column.
  private static func columns(_ context: DoctorContext, _ inventory: Inventory) -> [DoctorFinding] {
    var asked: [String: Set<String>] = [:]
    for entry in context.playbooks {
      guard let playbook = entry.playbook else { continue }
      for step in playbook.steps.values {
        guard case .action(let action) = step.kind, let rollout = action.rollout else { continue }
        for binding in rollout.bindings where binding.source.hasPrefix("inventory.") {
          asked[String(binding.source.dropFirst(10)), default: []].insert(entry.name)
        }
        for lock in rollout.interlocks { asked[lock.attribute, default: []].insert(entry.name) }
      }
    }
    return asked.sorted { $0.key < $1.key }.map { column, playbooks in
      let who = playbooks.sorted().prefix(4).joined(separator: ", ") + (playbooks.count > 4 ? ", …" : "")
      let have = count(column, inventory)
      let said = "'\(column)' is known of \(have) of \(inventory.count) devices; asked by \(who)"
      if have == inventory.count { return .ok("column", Sanitizer.escape(said)) }
      let advice =
        have == 0
        ? "those playbooks can touch no device until the inventory has it" : "the others are held back"
      return have == 0 && context.areNamed
        ? .failure("column", Sanitizer.escape(said), advice)
        : .warning("column", Sanitizer.escape(said), advice)
    }
  }

  /// Addresses that two devices have: no plan that goes by them takes either.
  private static func sharedAddresses(_ inventory: Inventory) -> [DoctorFinding] {
    var owners: [NetworkPlace: Int] = [:]
    var shared: [(address: String, rows: (Int, Int))] = []
    for (column, name) in inventory.attributes.enumerated() where InventoryColumn.isAddress(name) {
      let places = inventory.values[column].map { NetworkPlace($0) }
      for row in 0..<inventory.count {
        guard let place = places[Int(inventory.code(row: row, attribute: column))] else { continue }
        if let other = owners[place] {
          if other != row { shared.append((inventory.value(row: row, attribute: column), (other, row))) }
        } else {
          owners[place] = row
        }
      }
    }
    guard let first = shared.first else { return [] }
    let names = [first.rows.0, first.rows.1].map { "'\(inventory.devices[$0])'" }.joined(separator: " and ")
    let said =
      "\(Figures.counted(shared.count, "device")) \(shared.count == 1 ? "has" : "have") the address of another one, the first: "
      + "'\(first.address)' is that of \(names)"
    return [
      .warning(
        "address", Sanitizer.escape(said),
        "no plan that goes by it takes them: give each its own, or take one of the rows out")
    ]
  }

  private static func count(_ column: String, _ inventory: Inventory) -> Int {
    guard let index = inventory.attributes.firstIndex(of: column) else { return 0 }
    return (0..<inventory.count).count { !inventory.value(row: $0, attribute: index).isEmpty }
  }

  /// Images to go back to: known by the inventory, and there with the right hash where a folder of images was given.
  private static func images(_ context: DoctorContext, _ inventory: Inventory) -> [DoctorFinding] {
    guard let column = inventory.attributes.firstIndex(of: "rollback_image") else {
      return [
        .warning(
          "rollback images", "the inventory has no column 'rollback_image'",
          "without it no firmware can be rolled back")
      ]
    }
    var hashes: [String: Set<String>] = [:]
    let digest = inventory.attributes.firstIndex(of: "rollback_sha256")
    for row in 0..<inventory.count {
      let image = inventory.value(row: row, attribute: column)
      guard !image.isEmpty else { continue }
      hashes[image, default: []].insert(digest.map { inventory.value(row: row, attribute: $0) } ?? "")
    }
    let missing = inventory.count - count("rollback_image", inventory)
    var findings: [DoctorFinding] = []
    let said = "\(hashes.count) images; \(missing) of \(inventory.count) devices have none"
    findings.append(
      missing == 0
        ? .ok("rollback images", said)
        : .warning("rollback images", said, "after a bad update those must be replaced or visited"))
    guard let folder = context.options.images else { return findings }
    for (image, known) in hashes.sorted(by: { $0.key < $1.key }) {
      let name = image.split(separator: "/").last.map(String.init) ?? image
      let subject = Sanitizer.escape(name)
      guard let bytes = try? PlaybookFiles.read(folder + "/" + name), !bytes.isEmpty else {
        findings.append(
          .failure(
            subject, "is not in \(Sanitizer.escape(folder)), or empty",
            "copy it there while there is a network"))
        continue
      }
      let hash = SHA256.hash(data: bytes).hexText
      if known == [hash] {
        findings.append(.ok(subject, "there, with the hash of the inventory"))
      } else {
        findings.append(
          known == [""]
            ? .warning(subject, "there; the inventory has no 'rollback_sha256' to compare", "add the column")
            : .failure(subject, "has another SHA-256 than the inventory says", "do not install it"))
      }
    }
    return findings
  }
}
