import Testing

@testable import CascadeAnalysis

@Suite struct WorkedExampleTests {
  @Test(arguments: allCausalEvidence.indices)
  func everyKindOfEvidenceNamesTheParentOfItsExample(_ index: Int) {
    let evidence = allCausalEvidence[index]
    let (scene, child, parent) = evidence.example.scene()
    let ranked = evidence.parents(of: child, in: scene).sorted { $0.weight > $1.weight }
    #expect(ranked.first?.parent == parent, "\(evidence): \(evidence.example.words)")
  }
}
