#ifndef FIREBREAK_JOINTS_H
#define FIREBREAK_JOINTS_H

#include "CByteClasses.h"

/// Blocks of texts whose joints are decided at once.
enum { FB_DECIDED_BLOCKS = 7 };

/// What is known of a text's bytes beside its blocks, for its first blocks.
typedef struct {
  // Hexadecimal digits. There is room for a word behind the last.
  uint64_t groups[FB_DECIDED_BLOCKS + 1];
  uint64_t digits[FB_DECIDED_BLOCKS + 1];
  uint64_t stops[FB_DECIDED_BLOCKS + 1];
  uint64_t colons[FB_DECIDED_BLOCKS + 1];
} fb_joint_bytes;

/// Decides for each colon of a text of up to FB_DECIDED_BLOCKS blocks whether it joins what stands on both its sides: what stands before it in its token are
/// hexadecimal groups of up to four digits, joined by colons, or an address with full stops. Colons that join are no ends any more, and the blocks are
/// without joints. Returns 0, with nothing changed, where there are two colons in a row, or more than 62 bytes before a colon in its token.
int fb_decide_joints(uint32_t count, fb_byte_block *blocks, fb_joint_bytes *bytes);

/// What is found of a text's bytes, block by block; zeros to begin with.
typedef struct {
  // Of the block before: its last bits, for what reaches over the border.
  uint64_t before, colonBefore, joinsBefore, run1, run2, run4;
  // Not 0 where there were eight hexadecimal letters in a row, or joints.
  uint64_t runs, joined;
  fb_joint_bytes bytes;
} fb_scan;

/// Adds the block that begins at a byte: where tokens end, digits, hexadecimal letters, colons and full stops.
static inline void fb_scan_block(
    fb_scan *scan, uint32_t at, uint64_t ends, uint64_t digits, uint64_t hex, uint64_t colons, uint64_t stops,
    fb_byte_block *block) {
  // A colon joins only behind hexadecimal digits or a full stop, or beside another colon.
  uint64_t groups = hex | digits;
  uint64_t joining = colons & ((groups | stops) << 1 | scan->before);
  uint64_t joints =
      ((joining << 1 | scan->joinsBefore) & (groups | colons)) | ((colons << 1 | scan->colonBefore) & colons);
  scan->before = (groups | stops) >> 63;
  scan->joinsBefore = joining >> 63;
  scan->colonBefore = colons >> 63;
  uint64_t two = hex & (hex << 1 | scan->run1);
  uint64_t four = two & (two << 2 | scan->run2);
  scan->runs |= four & (four << 4 | scan->run4);
  scan->run1 = hex >> 63;
  scan->run2 = two >> 62;
  scan->run4 = four >> 60;
  block->ends = ends | colons;
  block->marks = digits | joints;
  block->joints = joints;
  scan->joined |= joints;
  if (at < 64 * FB_DECIDED_BLOCKS) {
    scan->bytes.groups[at / 64] = groups;
    scan->bytes.digits[at / 64] = digits;
    scan->bytes.stops[at / 64] = stops;
    scan->bytes.colons[at / 64] = colons;
  }
}

/// Ends the blocks with an empty one, and says what `fb_byte_classes` returns.
static inline int fb_scan_end(fb_scan *scan, uint32_t count, fb_byte_block *blocks, int isUnusual, int hasBackslash) {
  blocks[(count + 63) / 64] = (fb_byte_block){0, 0, 0};
  if (isUnusual || scan->runs) return 0;
  int hasJoints = scan->joined && !(count <= 64 * FB_DECIDED_BLOCKS && fb_decide_joints(count, blocks, &scan->bytes));
  return FB_PLAIN | (hasBackslash ? FB_BACKSLASH : 0) | (hasJoints ? FB_JOINTS : 0);
}

#endif
