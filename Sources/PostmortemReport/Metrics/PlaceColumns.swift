/// Which columns of an inventory say where a device stands, by the words of their names: `site`, `ward`, `building_no`, `Standort`.
public enum PlaceColumns {
  /// Names by what they mean, the place of a whole site before a part of it; German, French, Spanish, Italian and Dutch, too.
  private static let names: [[String]] = [
    ["site", "location", "plant", "standort", "werk", "sede", "emplacement", "locatie"],
    ["building", "gebäude", "gebaeude", "haus", "bâtiment", "batiment", "edificio", "gebouw", "house"],
    ["ward", "department", "abteilung", "depot", "branch", "filiale", "store", "campus", "farm"],
    ["zone", "area", "sector", "bereich", "sektor", "district", "bezirk", "quartier"],
    ["street", "strasse", "straße", "rue", "calle", "straat", "address", "adresse"],
    ["place", "ort", "lieu", "lugar", "luogo", "plaats", "city", "stadt", "ville", "ciudad", "town"],
    ["hall", "halle", "floor", "etage", "stockwerk", "room", "raum", "zimmer", "salle", "sala"],
    ["region", "country"],
  ]
  private static let all = Set(names.joined())

  /// Whether a column's name says that its values are places.
  public static func namesPlace(_ attribute: String) -> Bool {
    words(attribute).contains(where: all.contains)
  }

  /// The column that says where devices stand, of these; nil where none does.
  public static func best(_ attributes: [String]) -> Int? {
    let words = attributes.map(words)
    for meaning in names {
      // A name that is the word says it more surely than one that holds it.
      if let column = words.firstIndex(where: { $0.count == 1 && meaning.contains($0[0]) })
        ?? words.firstIndex(where: { $0.contains(where: meaning.contains) })
      {
        return column
      }
    }
    return nil
  }

  /// `siteName`, `site_name` and `Site Name` are two words; what kind of a place it is, or how far, is none.
  private static func words(_ attribute: String) -> [String] {
    var words: [String] = [""]
    var before: Character = " "
    for character in attribute {
      if !character.isLetter || before.isLowercase && character.isUppercase { words.append("") }
      if character.isLetter { words[words.count - 1].append(character) }
      before = character
    }
    let parts = words.map { $0.lowercased() }.filter { !$0.isEmpty }
    let others: Set<String> = [
      "type", "kind", "class", "typ", "count", "time", "mode", "version", "state", "status",
    ]
    return parts.contains(where: others.contains) ? [] : parts
  }
}
