import IncidentModel
import Testing

@Suite struct NameIndexTests {
  @Test func findsEveryNameWhereItStandsFirst() {
    let names = (0..<5000).map { "n\($0 % 4000)" }
    let index = NameIndex(names)
    for (position, name) in names.enumerated() {
      #expect(index.position(of: name, in: names) == position % 4000)
    }
    #expect(index.position(of: "n4000", in: names) == nil)
    #expect(NameIndex([]).position(of: "", in: []) == nil)
  }

  @Test func tellsNamesOfOneHashApart() {
    var index = NameIndex()
    let names = (0..<100).map { "x\($0)" }
    for position in names.indices { index.add(7, position) }
    for position in names.indices { #expect(index.find(7) { names[$0] == "x\(position)" } == position) }
    #expect(index.find(7) { _ in false } == nil)
  }

  @Test func anInventoryKnowsItsRowsAndCodesByName() {
    var inventory = Inventory(attributes: ["model", "site"])
    inventory.reserve(3)
    let first = inventory.append(device: "a", row: ["m1"])
    let second = inventory.append(device: "b", row: ["m2", "s1"])
    let again = inventory.append(device: "a", row: ["m3", "s3"])
    let codes = [inventory.code(of: "m1", attribute: 0), inventory.code(of: "s2", attribute: 1)]
    let third = inventory.append(device: "c", codes: codes)
    let thirdAgain = inventory.append(device: "c", codes: codes)
    #expect(first && second && third)
    #expect(!again && !thirdAgain)
    #expect(inventory.count == 3)
    #expect(["a", "b", "c", "d"].map { inventory.rowOfDevice[$0] } == [0, 1, 2, nil])
    #expect(inventory.value(device: "a", attribute: "site") == "")
    #expect(inventory.value(device: "c", attribute: "model") == "m1")
    #expect(inventory.value(device: "c", attribute: "site") == "s2")
    #expect(inventory.values == [["m1", "m2"], ["", "s1", "s2"]])
  }
}
