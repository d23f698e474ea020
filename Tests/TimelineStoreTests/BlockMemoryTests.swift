import Testing

@testable import TimelineStore

/// Memory for blocks: nobody else has it until it is given back.
@Suite struct BlockMemoryTests {
  private static let sizes = [
    1, 4096, 100_000, (768 << 10) - 1, 768 << 10, 1 << 20, (1 << 20) + 1, 2 << 20, (2 << 20) + 1, 5 << 20,
  ]

  @Test func isOnesOwnAndBeginsWithABlock() {
    var pieces: [(memory: UnsafeMutableRawPointer, bytes: Int)] = []
    for bytes in Self.sizes + Self.sizes {
      pieces.append((BlockMemory.allocate(bytes), bytes))
    }
    for (memory, _) in pieces { #expect(UInt(bitPattern: memory) % UInt(BlockFile.block) == 0) }
    let inOrder = pieces.sorted { $0.memory < $1.memory }
    for (one, next) in zip(inOrder, inOrder.dropFirst()) { #expect(one.memory + one.bytes <= next.memory) }
    for (memory, bytes) in pieces { BlockMemory.release(memory, bytes) }
  }

  @Test func isTakenAndGivenBackByManyAtOnce() async {
    let wrong = await withTaskGroup(of: Int.self) { group in
      for worker in UInt8(1)...8 {
        group.addTask {
          var wrong = 0
          for round in 0..<200 {
            let bytes = Self.sizes[(round + Int(worker)) % Self.sizes.count]
            let memory = BlockMemory.allocate(bytes)
            // The first and the last byte, and one of each block.
            let places = Array(stride(from: 0, to: bytes, by: BlockFile.block)) + [bytes - 1]
            for place in places { memory.storeBytes(of: worker, toByteOffset: place, as: UInt8.self) }
            await Task.yield()
            wrong += places.count { memory.load(fromByteOffset: $0, as: UInt8.self) != worker }
            BlockMemory.release(memory, bytes)
          }
          return wrong
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }
}
