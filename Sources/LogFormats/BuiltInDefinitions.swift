/// The formats that come as data: the JSON files of `Definitions/`, compiled into the program.
enum BuiltInDefinitions {
  /// One entry for each file; a test compares.
  static let list: [(name: String, json: [UInt8])] = [
    ("apache-error", PackageResources.apache_error_json),
    ("asterisk", PackageResources.asterisk_json),
    ("auth", PackageResources.auth_json),
    ("bind", PackageResources.bind_json),
    ("cowrie", PackageResources.cowrie_json),
    ("cri", PackageResources.cri_json),
    ("emqx-legacy", PackageResources.emqx_legacy_json),
    ("filterlog", PackageResources.filterlog_json),
    ("gitea", PackageResources.gitea_json),
    ("haproxy", PackageResources.haproxy_json),
    ("home-assistant", PackageResources.home_assistant_json),
    ("ids-fast", PackageResources.ids_fast_json),
    ("last", PackageResources.last_json),
    ("mender", PackageResources.mender_json),
    ("mender-client", PackageResources.mender_client_json),
    ("mikrotik", PackageResources.mikrotik_json),
    ("mongodb", PackageResources.mongodb_json),
    ("nginx-error", PackageResources.nginx_error_json),
    ("openvpn", PackageResources.openvpn_json),
    ("snmptrapd", PackageResources.snmptrapd_json),
    ("splunk", PackageResources.splunk_json),
    ("swupdate", PackageResources.swupdate_json),
    ("swupdate-progress", PackageResources.swupdate_progress_json),
    ("tcpdump", PackageResources.tcpdump_json),
    ("vsftpd", PackageResources.vsftpd_json),
    ("zoneminder", PackageResources.zoneminder_json),
  ]

  /// The formats they define. The tests read their samples, so a file that is none cannot get this far.
  static let formats: [DefinedFormat] = list.map { name, json in
    do throws(DefinitionError) {
      return try DefinedFormat(json: json, checksSamples: false)
    } catch {
      preconditionFailure("built-in definition '\(name)': \(error.what)")
    }
  }
}
