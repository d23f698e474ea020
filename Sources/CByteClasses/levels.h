#ifndef FIREBREAK_LEVELS_H
#define FIREBREAK_LEVELS_H

#include "CByteClasses.h"

/// What the processor (and the kernel) offer, found out once.
enum { FB_NOTHING = 0, FB_AVX2 = 1, FB_AVX512 = 2, FB_COMPRESS = 3 };
int fb_level(void);

#if defined(__x86_64__)
/// What the header says, with 64 bytes at a time. They need FB_AVX512, the last one FB_COMPRESS.
int fb_byte_classes_512(const uint8_t *text, uint32_t count, fb_byte_block *blocks);
void fb_line_feeds_512(const uint8_t *text, uint64_t count, uint64_t *words);
void fb_header_marks_512(const uint8_t *text, uint64_t count, fb_header *header);
int fb_cut_512(
    const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program, uint32_t programCount,
    uint8_t *values, uint8_t *shapeText, fb_cut *cut);
#endif

#endif
