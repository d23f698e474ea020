#include "joints.h"

// Bits from `from` on and before `to` that are in the block `at`; there are some.
static inline uint64_t span(uint32_t at, uint32_t from, uint32_t to) {
  uint64_t mask = ~(uint64_t)0;
  if (from > at * 64) mask &= ~(uint64_t)0 << (from & 63);
  if (to < at * 64 + 64) mask &= ((uint64_t)1 << (to & 63)) - 1;
  return mask;
}

static inline int any(const uint64_t *bits, uint32_t from, uint32_t to) {
  if (from >= to) return 0;
  for (uint32_t at = from / 64; at <= (to - 1) / 64; at++) {
    if (bits[at] & span(at, from, to)) return 1;
  }
  return 0;
}

static inline int all(const uint64_t *a, const uint64_t *b, uint32_t from, uint32_t to) {
  if (from >= to) return 1;
  for (uint32_t at = from / 64; at <= (to - 1) / 64; at++) {
    if (~(a[at] | b[at]) & span(at, from, to)) return 0;
  }
  return 1;
}

// Behind the last end before a byte.
static inline uint32_t start_before(const fb_byte_block *blocks, uint32_t byte) {
  for (uint32_t at = byte / 64;; at--) {
    uint64_t ends = blocks[at].ends;
    if (at == byte / 64) ends &= ((uint64_t)1 << (byte & 63)) - 1;
    if (ends) return at * 64 + 64 - (uint32_t)__builtin_clzll(ends);
    if (at == 0) return 0;
  }
}

static inline uint32_t end_behind(const fb_byte_block *blocks, uint32_t byte, uint32_t count) {
  for (uint32_t at = byte / 64; at * 64 < count; at++) {
    uint64_t ends = blocks[at].ends;
    if (at == byte / 64) ends &= ~(uint64_t)0 << (byte & 63);
    if (ends) return at * 64 + (uint32_t)__builtin_ctzll(ends);
  }
  return count;
}

// A token of hexadecimal groups is a variable with two colons or more, without a digit, too.
static void end_token(uint32_t count, fb_byte_block *blocks, const fb_joint_bytes *bytes, uint32_t joins, uint32_t last, int has_stop) {
  if (joins < 2 || has_stop) return;
  if (all(bytes->groups, bytes->groups, last + 1, end_behind(blocks, last + 1, count))) {
    blocks[last / 64].marks |= (uint64_t)1 << (last & 63);
  }
}

int fb_decide_joints(uint32_t count, fb_byte_block *blocks, const fb_joint_bytes *bytes) {
  uint32_t used = (count + 63) / 64;
  uint64_t before = 0;
  for (uint32_t at = 0; at < used; at++) {
    if (bytes->colons[at] & (bytes->colons[at] << 1 | before)) return 0;
    before = bytes->colons[at] >> 63;
  }
  for (uint32_t at = 0; at < used; at++) {
    blocks[at].marks = bytes->digits[at];
    blocks[at].joints = 0;
  }
  uint32_t token = 0, joins = 0, last = 0;
  int has_stop = 0, has_digit = 0;
  before = 0;
  for (uint32_t at = 0; at < used; at++) {
    uint64_t left = (bytes->groups[at] | bytes->stops[at]) << 1 | before;
    uint64_t right = bytes->groups[at] >> 1 | (at + 1 < used ? bytes->groups[at + 1] << 63 : 0);
    before = (bytes->groups[at] | bytes->stops[at]) >> 63;
    for (uint64_t colons = bytes->colons[at] & left & right; colons; colons &= colons - 1) {
      uint32_t colon = at * 64 + (uint32_t)__builtin_ctzll(colons);
      uint32_t start = start_before(blocks, colon);
      if (joins == 0 || start != token) {
        end_token(count, blocks, bytes, joins, last, has_stop);
        token = start;
        joins = 0;
        has_stop = 0;
        has_digit = 0;
      }
      uint32_t group = joins ? last + 1 : start;
      if (!all(bytes->groups, bytes->stops, group, colon)) continue;
      has_stop |= any(bytes->stops, group, colon);
      has_digit |= any(bytes->digits, group, colon);
      if (!(has_stop && has_digit) && colon - group > 4) continue;
      blocks[at].ends &= ~((uint64_t)1 << (colon & 63));
      joins++;
      last = colon;
    }
  }
  end_token(count, blocks, bytes, joins, last, has_stop);
  return 1;
}
