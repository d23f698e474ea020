import Foundation
import IncidentSimulation
import Testing

/// Opens the evidence with the ordinary tools: what they unpack must be what the manifest promises.
@Suite struct EvidenceTests {
  private struct Manifest: Decodable {
    struct Source: Decodable {
      let path: String
      let format: String
      let lines: Int
      let bytes: Int
    }
    struct Damage: Decodable {
      let path: String
      let kind: String
    }
    let events: Int
    let sources: [Source]
    let damage: [Damage]
    init(folder: String) throws {
      self = try JSONDecoder().decode(
        Manifest.self, from: Data(contentsOf: URL(filePath: folder + "/manifest.json")))
    }
  }

  /// Bytes of a source by gzip, tar and Python's zipfile, which know nothing of our writers.
  private func unpack(_ folder: String, _ path: String) throws -> Data {
    let script = """
      import sys, gzip, tarfile, zipfile, io
      parts = sys.argv[1].split('!')
      data = open(sys.argv[2] + '/' + parts[0], 'rb').read()
      name = parts[0]
      for part in parts[1:]:
          if name.endswith('.zip'):
              z = zipfile.ZipFile(io.BytesIO(data)); assert z.testzip() is None; data = z.read(part)
          else:
              data = tarfile.open(fileobj=io.BytesIO(data), mode='r:gz').extractfile(part).read()
          name = part
      if name.endswith('.gz') and not name.endswith('.tar.gz'): data = gzip.decompress(data)
      sys.stdout.buffer.write(data)
      """
    let (status, output) = try ScratchFolder.run("/usr/bin/python3", ["-c", script, path, folder])
    #expect(status == 0, "\(path)")
    return output
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
  func ordinaryToolsUnpackWhatTheManifestLists() throws {
    let scratch = ScratchFolder()
    let folder = try scratch.simulate(SimulationSettings(scenario: "firmware-cascade", devices: 120, seed: 3))
    let manifest = try Manifest(folder: folder)
    var events = 0
    for source in manifest.sources {
      let data = try unpack(folder, source.path)
      #expect(data.count == source.bytes, "\(source.path)")
      let lines = data.count { $0 == 10 }
      #expect(lines == source.lines, "\(source.path)")
      events += lines - (source.format == "csv" ? 1 : 0)
      if source.format == "json-lines" {
        for line in data.split(separator: 10).prefix(50) {
          let object = try JSONSerialization.jsonObject(with: line)
          #expect(object is [String: Any])
        }
      }
    }
    #expect(events == manifest.events)
    #expect(Set(manifest.sources.map(\.format)).count >= 4)
    #expect(manifest.sources.contains { $0.path.contains(".tar.gz!") })
    #expect(manifest.sources.contains { $0.path.contains(".zip!") })
  }

  @Test func damagesOnRequestAndSaysWhere() throws {
    let scratch = ScratchFolder()
    var settings = SimulationSettings(scenario: "worm", devices: 60, seed: 3)
    settings.damage = true
    let folder = try scratch.simulate(settings)
    let manifest = try Manifest(folder: folder)
    #expect(Set(manifest.damage.map(\.kind)) == ["gzip-crc", "gzip-truncated", "torn-line"])
    for damage in manifest.damage where damage.kind.hasPrefix("gzip") {
      let (status, _) = try ScratchFolder.run("/usr/bin/gzip", ["-t", folder + "/" + damage.path])
      #expect(status != 0)
    }
  }
}
