#include "joints.h"

// 64 bits from one on; there is a word behind the last.
static inline uint64_t window(const uint64_t *bits, uint32_t from) {
  uint32_t by = from & 63;
  return by == 0 ? bits[from / 64] : bits[from / 64] >> by | bits[from / 64 + 1] << (64 - by);
}

static inline uint64_t below(uint32_t bit) { return ((uint64_t)1 << bit) - 1; }

// Behind the last end before a byte.
static inline uint32_t start_before(const uint64_t *ends, uint32_t byte) {
  uint32_t at = byte / 64;
  uint64_t bits = ends[at] & below(byte & 63);
  while (bits == 0 && at > 0) bits = ends[--at];
  return bits == 0 ? 0 : at * 64 + 64 - (uint32_t)__builtin_clzll(bits);
}

// A token as 64 bits from its first byte on.
typedef struct {
  uint32_t start;
  // Where its last group begins, and how many colons join the groups.
  uint32_t group, joins;
  uint64_t groups, digits, stops, ends;
  // Its bytes that have been looked at.
  uint64_t seen;
} fb_token;

// A token of hexadecimal groups is a variable with two colons or more, without a digit, too. Returns 0 where its end is not seen.
static inline int end_token(const fb_token *token, uint64_t *marks) {
  if (token->joins < 2) return 1;
  uint64_t behind = token->ends & ~below(token->group);
  if (behind == 0) return 0;
  uint64_t last = below((uint32_t)__builtin_ctzll(behind)) & ~below(token->group);
  if (!(token->stops & token->seen) && !(last & ~token->groups)) {
    uint32_t colon = token->start + token->group - 1;
    marks[colon / 64] |= (uint64_t)1 << (colon & 63);
  }
  return 1;
}

int fb_decide_joints(uint32_t count, fb_byte_block *blocks, fb_joint_bytes *bytes) {
  uint32_t used = (count + 63) / 64;
  uint64_t ends[FB_DECIDED_BLOCKS + 1], marks[FB_DECIDED_BLOCKS];
  for (uint32_t at = 0; at < used; at++) {
    ends[at] = blocks[at].ends;
    marks[at] = bytes->digits[at];
  }
  if (count & 63) ends[used - 1] |= ~below(count & 63);
  ends[used] = ~(uint64_t)0;
  bytes->groups[used] = bytes->digits[used] = bytes->stops[used] = 0;
  fb_token token = {0};
  uint64_t before = 0, colonBefore = 0;
  for (uint32_t at = 0; at < used; at++) {
    uint64_t all = bytes->colons[at];
    if (all & (all << 1 | colonBefore)) return 0;
    colonBefore = all >> 63;
    uint64_t left = bytes->groups[at] | bytes->stops[at];
    uint64_t right = bytes->groups[at] >> 1 | bytes->groups[at + 1] << 63;
    uint64_t colons = all & (left << 1 | before) & right;
    before = left >> 63;
    for (; colons; colons &= colons - 1) {
      uint32_t colon = at * 64 + (uint32_t)__builtin_ctzll(colons);
      uint32_t start = start_before(ends, colon);
      if (token.joins == 0 || start != token.start) {
        if (!end_token(&token, marks)) return 0;
        token = (fb_token){start, 0, 0, window(bytes->groups, start), window(bytes->digits, start),
                           window(bytes->stops, start), window(ends, start), 0};
      }
      uint32_t place = colon - start;
      if (place > 62) return 0;
      uint64_t part = below(place) & ~below(token.group);
      if (part & ~(token.groups | token.stops)) continue;
      uint64_t seen = token.seen | part;
      int isAddress = (token.stops & seen) && (token.digits & seen);
      if (!isAddress && place - token.group > 4) continue;
      ends[at] &= ~(colons & -colons);
      token.ends &= ~((uint64_t)1 << place);
      token.seen = seen;
      token.group = place + 1;
      token.joins++;
    }
  }
  if (!end_token(&token, marks)) return 0;
  for (uint32_t at = 0; at < used; at++) {
    blocks[at].ends = ends[at];
    blocks[at].marks = marks[at];
    blocks[at].joints = 0;
  }
  return 1;
}
