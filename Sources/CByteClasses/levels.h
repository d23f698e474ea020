#ifndef FIREBREAK_LEVELS_H
#define FIREBREAK_LEVELS_H

#include "CByteClasses.h"

/// What the processor (and the kernel) offer, found out once.
enum { FB_NOTHING = 0, FB_AVX2 = 1, FB_AVX512 = 2, FB_COMPRESS = 3 };
int fb_level(void);

/// Where the tokens of a block stop that hold a mark: the marks are added to the tokens' bits, and a carry runs through each token that has one to the end
/// behind it. `carry` goes on from block to block; behind the last one it says that the text ends in such a token.
static inline uint64_t fb_stops(uint64_t ends, uint64_t marks, unsigned long long *carry) {
  unsigned long long sum;
  unsigned long long over = __builtin_add_overflow((unsigned long long)~ends, *carry, &sum);
  *carry = over | __builtin_add_overflow(sum, (unsigned long long)marks, &sum);
  return sum & ends;
}

#if defined(__x86_64__)
/// What the header says, with 64 bytes at a time. They need FB_AVX512, the last three FB_COMPRESS.
int fb_byte_classes_512(const uint8_t *text, uint32_t count, fb_byte_block *blocks);
void fb_line_feeds_512(const uint8_t *text, uint64_t count, uint64_t *words);
void fb_header_marks_512(const uint8_t *text, uint64_t count, fb_header *header);
int fb_cut_512(
    const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program, uint32_t programCount,
    uint8_t *values, uint8_t *shapeText, fb_cut *cut);
void fb_flag_stretches_512(const uint8_t *text, uint32_t count, uint8_t *flags);
void fb_take_flags_512(uint8_t *flags, uint8_t *bits);
#endif

#endif
