/// The clocks that reports know. Which one applies is a person's answer.
enum AllLegalClocks {
  private static let earlyWarning: [(id: String, title: String, limit: Int)] = [
    ("malicious", "Is it suspected to be caused by unlawful or malicious acts?", 500),
    ("member_states", "Member states where the product was made available", 500),
  ]
  private static let cra72: [(id: String, title: String, limit: Int)] = [
    ("nature", "General information and nature", 4000), ("assessment", "First assessment", 4000),
    ("measures_taken", "Corrective or mitigating measures taken", 4000),
    ("measures_users", "Measures that users can take", 4000),
    ("sensitivity", "How sensitive this information is", 1000),
    ("users_informed", "How and when users were informed, and of what (Art. 14(8))", 2000),
  ]
  private static let craFinal: [(id: String, title: String, limit: Int)] = [
    ("severity_impact", "Detailed description, severity and impact", 8000),
    ("root_cause", "Type of threat or root cause", 4000),
    ("measures_final", "Measures applied and under way", 4000),
  ]

  static let list: [LegalClock] = [
    LegalClock(
      id: "eu-cra-14-incident", title: "EU Cyber Resilience Act, severe incident",
      source: "Regulation (EU) 2024/2847, Art. 14(3) and (4)",
      stages: [
        .init(
          id: "early_warning", title: "Early warning", base: .awareness, span: .hours(24),
          fields: earlyWarning),
        .init(
          id: "notification", title: "Incident notification", base: .awareness, span: .hours(72),
          fields: cra72),
        .init(
          id: "final", title: "Final report", base: .sent("notification"), span: .months(1), fields: craFinal),
      ]),
    LegalClock(
      id: "eu-cra-14-vulnerability", title: "EU Cyber Resilience Act, actively exploited vulnerability",
      source: "Regulation (EU) 2024/2847, Art. 14(1) and (2)",
      stages: [
        .init(
          id: "early_warning", title: "Early warning", base: .awareness, span: .hours(24),
          fields: earlyWarning),
        .init(
          id: "notification", title: "Vulnerability notification", base: .awareness, span: .hours(72),
          fields: cra72),
        .init(id: "final", title: "Final report", base: .measure, span: .days(14), fields: craFinal),
      ]),
    LegalClock(
      id: "eu-nis2-23", title: "EU NIS2, significant incident",
      source: "Directive (EU) 2022/2555, Art. 23(4)",
      stages: [
        .init(
          id: "early_warning", title: "Early warning", base: .awareness, span: .hours(24),
          fields: [
            ("malicious", "Is it suspected to be caused by unlawful or malicious acts?", 500),
            ("cross_border", "Could it have cross-border impact?", 500),
          ]),
        .init(
          id: "notification", title: "Incident notification", base: .awareness, span: .hours(72),
          fields: [
            ("assessment", "First assessment, severity and impact", 4000),
            ("indicators", "Indicators of compromise, where available", 4000),
          ]),
        .init(
          id: "final", title: "Final report", base: .sent("notification"), span: .months(1),
          fields: [
            ("severity_impact", "Detailed description, severity and impact", 8000),
            ("root_cause", "Type of threat or root cause", 4000),
            ("measures_final", "Measures applied and under way", 4000),
            ("cross_border", "Cross-border impact", 2000),
          ]),
      ]),
    LegalClock(
      id: "eu-gdpr-33", title: "EU GDPR, personal data breach", source: "Regulation (EU) 2016/679, Art. 33",
      stages: [
        .init(
          id: "notification", title: "Notification to the authority", base: .awareness, span: .hours(72),
          fields: [
            ("nature", "Nature of the breach, categories and numbers of persons and records", 4000),
            ("contact", "Contact point", 500), ("consequences", "Likely consequences", 4000),
            ("measures_taken", "Measures taken or proposed", 4000),
          ])
      ]),
    LegalClock(
      id: "eu-mdr-87", title: "EU Medical Devices Regulation, serious incident",
      source: "Regulation (EU) 2017/745, Art. 87(3)",
      stages: [
        .init(
          id: "report", title: "Report of a serious incident", base: .awareness, span: .days(15),
          fields: [
            ("nature", "Description of the serious incident", 4000),
            ("measures_taken", "Corrective actions", 4000),
          ])
      ]),
    LegalClock(
      id: "eu-mdr-87-threat", title: "EU Medical Devices Regulation, serious public health threat",
      source: "Regulation (EU) 2017/745, Art. 87(4)",
      stages: [
        .init(
          id: "report", title: "Report of a public health threat", base: .awareness, span: .days(2),
          fields: [("nature", "Description of the threat", 4000)])
      ]),
    LegalClock(
      id: "eu-mdr-87-death",
      title: "EU Medical Devices Regulation, death or unexpected serious deterioration",
      source: "Regulation (EU) 2017/745, Art. 87(5)",
      stages: [
        .init(
          id: "report", title: "Report of a death or deterioration", base: .awareness, span: .days(10),
          fields: [("nature", "Description of the event", 4000)])
      ]),
    LegalClock(
      id: "us-fda-803-30", title: "US FDA, medical device report", source: "21 CFR 803.50",
      stages: [
        .init(
          id: "report", title: "Manufacturer report", base: .awareness, span: .days(30),
          fields: [("nature", "Description of the event", 4000)])
      ]),
    LegalClock(
      id: "us-fda-803-5", title: "US FDA, remedial action needed", source: "21 CFR 803.53",
      stages: [
        .init(
          id: "report", title: "Five-day report", base: .awareness, span: .workdays(5),
          fields: [("nature", "Description of the event and the remedial action", 4000)])
      ]),
  ]
}
