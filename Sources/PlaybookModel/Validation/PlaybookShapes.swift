/// The shapes of the objects of CACAO 2.0, from its property tables.
enum PlaybookShapes {
  static let externalReference = ObjectShape(
    "an external reference", required: ["name"],
    [
      "name": .text, "description": .string, "source": .string, "url": .string, "external_id": .string,
      "reference_id": .string,
    ])

  static let processingSummary = ObjectShape(
    "playbook_processing_summary",
    [
      "manual_playbook": .flag, "external_playbooks": .flag, "parallel_processing": .flag, "if_logic": .flag,
      "while_logic": .flag, "switch_logic": .flag, "temporal_logic": .flag, "data_markings": .flag,
      "digital_signatures": .flag, "countersigned_signatures": .flag, "extensions": .flag,
    ])

  static let variable = ObjectShape(
    "a variable", required: ["type"],
    ["type": .text, "description": .string, "value": .any, "constant": .flag, "external": .flag])

  /// The playbook itself. The dictionaries are checked one by one elsewhere.
  static let playbook = ObjectShape(
    "a playbook",
    required: [
      "type", "spec_version", "id", "name", "created_by", "created", "modified", "workflow_start", "workflow",
    ],
    [
      "type": .oneOf(["playbook"]), "spec_version": .any, "id": .identifier(["playbook"]), "name": .text,
      "description": .string, "playbook_types": .list(.advised(Vocabulary.playbookTypes), minimum: 0),
      "playbook_activities": .list(.advised(Vocabulary.activities), minimum: 1),
      "playbook_processing_summary": .shape(processingSummary), "created_by": .identifier(["identity"]),
      "created": .timestamp(milliseconds: true), "modified": .timestamp(milliseconds: true), "revoked": .flag,
      "valid_from": .timestamp(milliseconds: false), "valid_until": .timestamp(milliseconds: false),
      "derived_from": .list(.identifier(["playbook"]), minimum: 1),
      "related_to": .list(.identifier([]), minimum: 1),
      "priority": .integer(0...100), "severity": .integer(0...100), "impact": .integer(0...100),
      "industry_sectors": .list(.string, minimum: 1), "labels": .list(.string, minimum: 1),
      "external_references": .list(.shape(externalReference), minimum: 1),
      "markings": .list(.identifier([]), minimum: 1), "playbook_variables": .any,
      "workflow_start": .identifier(["start"]), "workflow_exception": .identifier([]), "workflow": .any,
      "playbook_extensions": .extensions, "authentication_info_definitions": .any, "agent_definitions": .any,
      "target_definitions": .any, "extension_definitions": .any, "data_marking_definitions": .any,
      "signatures": .any,
    ])

  private static let step = ObjectShape(
    "a step", required: ["type"],
    [
      "type": .string, "name": .string, "description": .string,
      "external_references": .list(.shape(externalReference), minimum: 1), "delay": .integer(0...Int.max),
      "timeout": .integer(0...Int.max), "step_variables": .any, "owner": .identifier(["identity"]),
      "step_extensions": .extensions,
    ])

  private static let successors: [String: ValueRule] = [
    "on_completion": .identifier([]), "on_success": .identifier([]), "on_failure": .identifier([]),
  ]

  /// The shape of a step of a type; nil for unknown types.
  static func step(_ type: String) -> ObjectShape? {
    switch type {
    case "start": step.extended("a start step", ["on_completion": .identifier([])])
    case "end": step.extended("an end step", [:])
    case "action":
      step.extended("an action step", required: ["commands", "agent"], successors).extended(
        "an action step",
        [
          "commands": .any, "agent": .identifier([]), "targets": .list(.identifier([]), minimum: 1),
          "in_args": .variableNames, "out_args": .variableNames,
        ])
    case "playbook-action":
      step.extended("a playbook-action step", required: ["playbook_id"], successors).extended(
        "a playbook-action step",
        [
          "playbook_id": .identifier(["playbook"]), "playbook_version": .timestamp(milliseconds: true),
          "in_args": .variableNames, "out_args": .variableNames,
        ])
    case "parallel":
      step.extended("a parallel step", required: ["next_steps"], successors).extended(
        "a parallel step", ["next_steps": .list(.identifier([]), minimum: 2)])
    case "if-condition":
      step.extended("an if-condition step", required: ["condition", "on_true"], successors).extended(
        "an if-condition step", ["condition": .text, "on_true": .identifier([]), "on_false": .identifier([])])
    case "while-condition":
      step.extended("a while-condition step", required: ["condition", "on_true"], successors).extended(
        "a while-condition step", ["condition": .text, "on_true": .identifier([])])
    case "switch-condition":
      step.extended("a switch-condition step", required: ["switch", "cases"], successors).extended(
        "a switch-condition step", ["switch": .text, "cases": .dictionary(.identifier([]))])
    default: nil
    }
  }

  private static let command = ObjectShape(
    "a command", required: ["type"],
    [
      "type": .text, "description": .string, "version": .string,
      "playbook_activity": .advised(Vocabulary.activities),
      "external_references": .list(.shape(externalReference), minimum: 0),
    ])

  private static let content: [String: ValueRule] = [
    "headers": .dictionary(.list(.string, minimum: 0)), "content": .string, "content_b64": .base64,
  ]

  /// The shape of a command of a type; nil for types outside the vocabulary.
  static func command(_ type: String) -> ObjectShape? {
    switch type {
    case "manual", "bash", "ssh", "powershell", "caldera-cmd", "nft":
      command.extended("a \(type) command", ["command": .text, "command_b64": .base64])
    case "http-api":
      command.extended("an http-api command", required: ["command"], content).extended(
        "an http-api command", ["command": .text])
    case "openc2-http":
      command.extended("an openc2-http command", required: ["command", "content_b64"], content).extended(
        "an openc2-http command", ["command": .text])
    case "sigma", "yara", "kestrel", "elastic", "jupyter":
      command.extended("a \(type) command", required: ["command_b64"], ["command_b64": .base64])
    case "mqtt":
      command.extended(
        "an mqtt command", required: ["command"],
        ["command": .text, "content": .string, "content_b64": .base64])
    default: nil
    }
  }

  private static let civicLocation = ObjectShape(
    "a location",
    [
      "name": .string, "description": .string, "building_details": .string, "network_details": .string,
      "region": .oneOf(Vocabulary.regions), "country": .string, "administrative_area": .string,
      "city": .string,
      "street_address": .string, "postal_code": .string, "latitude": .string, "longitude": .string,
      "precision": .string,
    ])

  private static let contact = ObjectShape(
    "contact", ["email": .dictionary(.string), "phone": .dictionary(.string), "contact_details": .string])

  /// The properties that all agents and targets have.
  static let agentTarget = ObjectShape(
    "an agent or target", required: ["type", "name"],
    [
      "type": .text, "name": .string, "description": .string, "location": .shape(civicLocation),
      "agent_target_extensions": .extensions,
    ])

  /// The shape of an agent or target of a type; nil for types outside the vocabulary.
  static func agentTarget(_ type: String) -> ObjectShape? {
    let network: [String: ValueRule] = [
      "address": .any, "authentication_info": .identifier([]),
      "category": .list(.advised(Vocabulary.securityCategories), minimum: 1),
    ]
    switch type {
    case "individual", "group", "organization":
      return agentTarget.extended("an agent or target of type \(type)", ["contact": .shape(contact)])
    case "location":
      return agentTarget.extended("a location", ["logical": .list(.string, minimum: 1)])
    case "sector":
      return agentTarget.extended("a sector", required: ["sector"], ["sector": .string])
    case "security-category":
      return agentTarget.extended(
        "a security-category", required: ["category"],
        ["category": .list(.advised(Vocabulary.securityCategories), minimum: 1)])
    case "http-api", "ssh", "linux":
      return agentTarget.extended("an agent or target of type \(type)", required: ["address"], network)
        .extended(
          "an agent or target of type \(type)", ["port": .string])
    case "net-address":
      return agentTarget.extended("a net-address", required: ["address"], network)
    default: return nil
    }
  }

  private static let authentication = ObjectShape(
    "authentication info", required: ["type"],
    ["type": .text, "name": .string, "description": .string, "authentication_info_extensions": .extensions])

  /// The shape of authentication info of a type; nil for types outside the vocabulary.
  static func authentication(_ type: String) -> ObjectShape? {
    let store: [String: ValueRule] = ["kms": .flag, "kms_key_identifier": .text]
    switch type {
    case "http-basic":
      return authentication.extended("http-basic", store).extended(
        "http-basic", ["user_id": .string, "password": .string])
    case "oauth2":
      return authentication.extended("oauth2", required: ["oauth_header"], store).extended(
        "oauth2", ["oauth_header": .string, "token": .string])
    case "user-auth":
      return authentication.extended("user-auth", store).extended(
        "user-auth", ["username": .string, "password": .string])
    default: return nil
    }
  }

  private static let marking = ObjectShape(
    "a data marking", required: ["type", "id", "created_by", "created"],
    [
      "type": .string, "id": .identifier([]), "name": .string, "description": .string,
      "created_by": .identifier(["identity"]), "created": .timestamp(milliseconds: true), "revoked": .flag,
      "valid_from": .timestamp(milliseconds: false), "valid_until": .timestamp(milliseconds: false),
      "labels": .list(.string, minimum: 1),
      "external_references": .list(.shape(externalReference), minimum: 1),
      "marking_extensions": .extensions,
    ])

  /// The shape of a marking of a type; nil for unknown types.
  static func marking(_ type: String) -> ObjectShape? {
    switch type {
    case "marking-tlp":
      marking.extended(
        "marking-tlp", required: ["tlpv2_level"], ["tlpv2_level": .oneOf(Vocabulary.tlpLevels)])
    case "marking-statement":
      marking.extended("marking-statement", required: ["statement"], ["statement": .string])
    case "marking-iep":
      marking.extended(
        "marking-iep",
        required: [
          "name", "description", "tlp", "iep_version", "start_date", "end_date", "encrypt_in_transit",
          "permitted_actions", "affected_party_notifications", "attribution", "unmodified_resale",
          "external_references",
        ],
        [
          "tlp": .string, "iep_version": .integer(0...Int.max), "start_date": .timestamp(milliseconds: false),
          "end_date": .any, "encrypt_in_transit": .string, "permitted_actions": .string,
          "affected_party_notifications": .string, "attribution": .string, "unmodified_resale": .string,
          "external_references": .list(.string, minimum: 0),
        ])
    default: nil
    }
  }

  static let extensionDefinition = ObjectShape(
    "an extension definition", required: ["type", "name", "created_by", "schema", "version"],
    [
      "type": .oneOf(["extension-definition"]), "name": .text, "description": .string,
      "created_by": .identifier(["identity"]), "schema": .text, "version": .text,
      "external_references": .list(.shape(externalReference), minimum: 0),
    ])

  static let signature = ObjectShape(
    "a signature",
    required: [
      "type", "id", "created", "modified", "signee", "related_to", "related_version", "hash_algorithm",
      "algorithm",
      "value",
    ],
    [
      "type": .oneOf(["jss"]), "id": .identifier(["jss"]), "created_by": .identifier(["identity"]),
      "created": .timestamp(milliseconds: true), "modified": .timestamp(milliseconds: true), "revoked": .flag,
      "signee": .string, "valid_from": .timestamp(milliseconds: false),
      "valid_until": .timestamp(milliseconds: false), "related_to": .identifier(["playbook"]),
      "related_version": .timestamp(milliseconds: true), "hash_algorithm": .text,
      "algorithm": .advised(Vocabulary.signatureAlgorithms), "public_key": .text,
      "public_cert_chain": .list(.base64, minimum: 1), "cert_url": .text, "thumbprint": .text, "value": .text,
      "signature": .any,
    ])
}
