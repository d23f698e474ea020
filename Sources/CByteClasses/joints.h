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

#endif
