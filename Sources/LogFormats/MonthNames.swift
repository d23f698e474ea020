/// Names of months and days of the week as programs with a localized `strftime`, and JavaScript's `Intl`, write them.
enum MonthNames {
  /// 1 to 12 for a name, short or long, without its point; nil for other words. English in any case, others as they are written in the middle
  /// of a text, at its beginning, or in capitals.
  static func month(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 3, bytes.count <= longest else { return nil }
    return months[hash(bytes)]
  }

  /// True for the name of a day of the week, short or long, without its point.
  static func isWeekday(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes.count <= longest && weekdays.contains(hash(bytes))
  }

  /// Bytes of the longest name: `сентября`, `понедельник`.
  static let longest = 24

  /// FNV-1a, ASCII letters as small ones.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
      (hash ^ UInt64(byte &- 0x41 < 26 ? byte | 0x20 : byte)) &* 0x100_0000_01B3
    }
  }

  private static func forms(_ words: String) -> [UInt64] {
    words.split(separator: " ").flatMap { word in
      [String(word), word.prefix(1).uppercased() + word.dropFirst(), word.uppercased()].map { hash($0.utf8) }
    }
  }

  private static let months: [UInt64: Int] = {
    var table: [UInt64: Int] = [:]
    for (index, names) in names.enumerated() {
      for form in forms(names) where table[form] == nil { table[form] = index + 1 }
    }
    return table
  }()

  private static let weekdays: Set<UInt64> = Set(forms(dayNames))

  /// English, German, French, Spanish, Catalan, Italian, Portuguese, Romanian, Dutch, Swedish, Danish, Norwegian, Finnish, Polish, Czech,
  /// Hungarian, Turkish, Russian, Ukrainian, Greek, Chinese, Japanese, Korean. Croatian's are Polish's of other months and left out.
  private static let names = [
    """
    jan january januar jänner jän janv janvier ene enero gen gennaio gener janeiro ian ianuarie januari tammi tammikuuta sty stycznia \
    led ledna január oca ocak янв января январь січ січня ιαν ιανουαρίου 1月 1월
    """,
    """
    feb february februar feber févr fév février febrero febr febbraio fev fevereiro februarie februari helmi helmikuuta lut lutego \
    úno února február şub şubat фев февр февраля февраль лют лютого φεβ φεβρουαρίου 2月 2월
    """,
    """
    mar march märz mär mrz mars marzo març março martie maart mrt marts maalis maaliskuuta marca bře března márc március mart \
    мар марта март бер березня μαρ μαρτίου 3月 3월
    """,
    """
    apr april avr avril abr abril aprile aprilie huhti huhtikuuta kwi kwietnia dub dubna ápr április nis nisan апр апреля апрель \
    кві квіт квітня απρ απριλίου 4月 4월
    """,
    """
    may mai mayo maig mag maggio maio mei maj touko toukokuuta maja kvě května máj május mayıs май мая тра трав травня μαΐ μαΐου 5月 5월
    """,
    """
    jun june juni juin junio juny giu giugno junho iun iunie kesä kesäkuuta cze czerwca čvn června jún június haz haziran июн июня \
    июнь чер черв червня ιουν ιουνίου 6月 6월
    """,
    """
    jul july juli juil juillet julio juliol lug luglio julho iul iulie heinä heinäkuuta lip lipca čvc července júl július tem temmuz \
    июл июля июль липня ιουλ ιουλίου 7月 7월
    """,
    """
    aug august août aou ago agosto agost augusti augustus elo elokuuta sie sierpnia srp srpna augusztus ağu ağustos авг августа \
    август сер серп серпня αυγ αυγούστου 8月 8월
    """,
    """
    sep september sept septembre septiembre setiembre set settembre setembre setembro septembrie syys syyskuuta wrz września zář září \
    szept szeptember eyl eylül сен сент сентября сентябрь вер верес вересня σεπ σεπτεμβρίου 9月 9월
    """,
    """
    oct october okt oktober octobre octubre ott ottobre out outubro octombrie loka lokakuuta paź paz października říj října október \
    eki ekim окт октября октябрь жов жовт жовтня οκτ οκτωβρίου 10月 10월
    """,
    """
    nov november novembre noviembre novembro noi noiembrie marras marraskuuta lis listopada listopadu kas kasım ноя нояб ноября ноябрь \
    лис листоп листопада νοε νοεμβρίου 11月 11월
    """,
    """
    dec december dez dezember déc décembre dic diciembre dicembre des desembre desember dezembro decembrie joulu joulukuuta gru grudnia \
    pro prosince ara aralık дек декабря декабрь гру груд грудня δεκ δεκεμβρίου 12月 12월
    """,
  ]

  private static let dayNames = """
    so mo di mi do fr sa sonntag montag dienstag mittwoch donnerstag freitag samstag dim lun mar mer jeu ven sam dimanche lundi mardi \
    mercredi jeudi vendredi samedi dom mié jue vie sáb domingo lunes martes miércoles jueves viernes sábado gio sab domenica lunedì \
    martedì mercoledì giovedì venerdì sabato seg ter qua qui sex segunda terça quarta quinta sexta zo ma wo vr za zondag maandag \
    dinsdag woensdag donderdag vrijdag zaterdag nie pon wto śro czw pią sob niedz pt sön mån tis ons tor fre lör søn man lør вс пн вт \
    ср чт пт сб нд воскресенье понедельник вторник среда четверг пятница суббота
    """
}
