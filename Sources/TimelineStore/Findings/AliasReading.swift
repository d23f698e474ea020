internal import IncidentModel

extension CaseReader {
  /// Reads all events once and finds names of one device.
  public func scanAliases() throws(StoreError) -> [AliasJoin] {
    var scan = AliasScan()
    scan.add(try FleetTables.inventory(connection))
    let names = try deviceNames()
    // In these the device is the writer's own host name.
    let hostFormats = ["syslog", "journal", "logread", "kernel"]
    let hostSources = Set(
      try sources().filter { source in hostFormats.contains { source.format.hasPrefix($0) } }.map(\.ordinal))
    let promises = rebuilder.parts.map { part in
      part.map { AliasScan.promise(program: $0.program, text: $0.text) } ?? []
    }
    var scratch: [UInt8] = []
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT id, device, template, origin, variables, message, fields, header FROM segment_\(segment) ORDER BY id"
      )
      while try row.next() {
        let id = row.int64(0)
        let device = row.int64OrNil(1)
        let origin = catalog.origins[row.int64(3)]
        if let device, let origin {
          if hostSources.contains(origin.source) {
            scan.add(source: origin.source, device: device, basis: origin.basis, event: id)
          }
          if !row.isNull(6) || !row.isNull(7), origin.basis != .path, let name = names[device],
            scan.wantsFields(of: device)
          {
            row.withFields(6, header: 7, scratch: &scratch) { json in
              FieldReader.forEachLeaf(in: json) { leaf in
                guard leaf.isText else { return }
                var path: [UInt8] = []
                leaf.appendPath(to: &path)
                scan.add(
                  field: String(decoding: path, as: UTF8.self),
                  value: String(decoding: leaf.value, as: UTF8.self),
                  device: name, isOfHost: hostSources.contains(origin.source), event: id)
              }
            }
          }
        }
        let template = row.int64(2)
        guard template >= 0, template < Int64(promises.count), !promises[Int(template)].isEmpty else {
          continue
        }
        var message: [UInt8] = []
        if row.isNull(5) {
          row.withBytes(4) { rebuilder.append(template: template, variables: $0, to: &message) }
        } else {
          message = row.bytes(5)
        }
        scan.add(
          message: String(decoding: message.prefix(4096), as: UTF8.self), promise: promises[Int(template)],
          device: device.flatMap { names[$0] }, isByPath: origin?.basis == .path, event: id)
      }
    }
    return scan.finish(names: names)
  }

  /// The joins of names, as found last.
  public func aliasJoins() throws(StoreError) -> [AliasJoin] {
    let row = try connection.prepare(
      "SELECT name, name_kind, other, other_kind, reason, sightings, evidence FROM alias_join ORDER BY id")
    var joins: [AliasJoin] = []
    while try row.next() {
      joins.append(
        AliasJoin(
          name: row.text(0), nameKind: .init(rawValue: row.text(1)), other: row.text(2),
          otherKind: .init(rawValue: row.text(3)), reason: row.text(4), sightings: row.int64(5),
          evidence: JSONText.numbers(in: row.text(6))))
    }
    return joins
  }

  /// The text of a template; nil where there is none.
  public func templateText(_ ordinal: Int64) -> String? { rebuilder[ordinal]?.text }
}

extension FindingStore {
  /// Replaces the joins of names, and which names stand for which device.
  /// - Parameter identities: By name: what the device is called in the case.
  public func replaceAliases(
    _ joins: [AliasJoin], identities: [String: String], _ derivation: Derivation
  ) throws(StoreError) {
    try file.write { (connection) throws(StoreError) in
      try connection.execute("DELETE FROM alias_join; DELETE FROM identity")
      let join = try connection.prepare("INSERT INTO alias_join VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)")
      for one in joins {
        try join.run(
          .text(one.name), .text(one.nameKind.rawValue), .text(one.other), .text(one.otherKind.rawValue),
          .text(one.reason), .integer(one.sightings), .text(JSONText.numbers(one.evidence)))
      }
      let identity = try connection.prepare("INSERT INTO identity VALUES (?, ?)")
      for (name, device) in identities.sorted(by: { $0.key < $1.key }) {
        try identity.run(.text(name), .text(device))
      }
      try Self.note(derivation, connection)
    }
  }
}
