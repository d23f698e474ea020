#include "levels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CUT_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,lzcnt,popcnt")))

enum { BLOCKS = (FB_CUT_LIMIT + 63) / 64 };

// A stretch of up to 64 bytes is put behind others; whole blocks of them are stored and hashed.
typedef struct {
  __m512i open;   // the last block, zeros behind its bytes
  uint64_t used;  // of its bytes, below 64
  __m512i hash;
  uint8_t *target;
  uint32_t blocks;
} shape_writer;

CUT_TARGET
static inline int close_block(shape_writer *shape) {
  if (shape->blocks == FB_SHAPE_BLOCKS) return 0;
  _mm512_storeu_si512(shape->target + 64 * shape->blocks++, shape->open);
  // Odd numbers, one for each word of a block.
  const __m512i factors = _mm512_set_epi64(
      0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F,
      0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3);
  shape->hash = _mm512_mullo_epi64(_mm512_xor_si512(_mm512_rol_epi64(shape->hash, 23), shape->open), factors);
  return 1;
}

CUT_TARGET
static inline int put(shape_writer *shape, __m512i bytes, uint64_t count) {
  const __m512i places = _mm512_set_epi8(
      63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36,
      35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7,
      6, 5, 4, 3, 2, 1, 0);
  const __m512i moved = _mm512_sub_epi8(places, _mm512_set1_epi8((char)shape->used));
  shape->open = _mm512_or_si512(
      shape->open, _mm512_maskz_permutexvar_epi8(~(uint64_t)0 << shape->used, moved, bytes));
  shape->used += count;
  if (shape->used < 64) return 1;
  if (!close_block(shape)) return 0;
  shape->used -= 64;
  // What did not fit: the last of the bytes.
  const __m512i rest = _mm512_add_epi8(places, _mm512_set1_epi8((char)(count - shape->used)));
  shape->open = _mm512_maskz_permutexvar_epi8(((uint64_t)1 << shape->used) - 1, rest, bytes);
  return 1;
}

// - last: The number of the last block.
CUT_TARGET __attribute__((always_inline))
static inline int cut_blocks(
    uint32_t last, const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program,
    uint32_t programCount, uint8_t *values, uint8_t *shapeText, fb_cut *cut) {
  uint64_t ends[BLOCKS + 1], stops[BLOCKS + 1], starts[BLOCKS], insides[BLOCKS + 1];
  unsigned long long carry = 0;
  for (uint32_t i = 0; i <= last; i++) {
    ends[i] = blocks[i].ends;
    if (i == last && count % 64) ends[i] |= ~(uint64_t)0 << count % 64;
    stops[i] = fb_stops(ends[i], blocks[i].marks, &carry);
  }
  ends[last + 1] = 1;
  stops[last + 1] = carry;
  // From the last block on, since whether a token that goes on is a variable is known behind it: where each variable starts, and its bytes.
  uint64_t goesOn = 0;
  insides[last + 1] = 0;
  for (uint32_t i = last + 1; i-- > 0;) {
    uint64_t tokens = ~ends[i];
    uint64_t before = i > 0 ? ~ends[i - 1] >> 63 : 0;
    // Whether what this block ends in is a variable: it stops at the next one's first byte, or is what that begins with.
    uint64_t out = ends[i + 1] & 1 ? stops[i + 1] & 1 : goesOn;
    uint64_t first = tokens & ~(tokens << 1 | before);
    uint64_t own = ends[i] & tokens << 1;
    uint64_t comes = before & tokens;
    // For each token in turn whether it is a variable, told by its end and put at its first byte.
    uint64_t chosen = _pext_u64(stops[i], own);
    uint64_t whole = comes & (ends[i] == 0);
    goesOn = whole ? out : comes & chosen;
    if (tokens >> 63 & ~whole & 1) {
      uint64_t ended = (uint64_t)_mm_popcnt_u64(own);
      chosen |= out << ended;
    }
    starts[i] = _pdep_u64(chosen >> comes, first);
    // Each stop less its start leaves the bits between.
    insides[i] = (stops[i] & own) - starts[i] - goesOn;
  }
  shape_writer shape;
  shape.target = shapeText;
  shape.blocks = 0;
  shape.hash = _mm512_setzero_si512();
  // The program, with a byte behind it that no message has.
  shape.open = _mm512_mask_mov_epi8(
      _mm512_maskz_loadu_epi8(((uint64_t)1 << programCount) - 1, program), (uint64_t)1 << programCount,
      _mm512_set1_epi8(2));
  shape.used = programCount + 1;
  uint8_t *next = values;
  uint32_t variables = 0;
  for (uint32_t i = 0; i <= last; i++) {
    uint64_t there = i == last && count % 64 ? ~(~(uint64_t)0 << count % 64) : ~(uint64_t)0;
    __m512i bytes = _mm512_maskz_loadu_epi8(there, text + 64 * i);
    uint64_t inside = insides[i], stop = stops[i];
    // Full stops at a variable's end are none of its bytes.
    uint64_t points = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('.')) & inside & ~starts[i];
    if (points) {
      uint64_t following = insides[i + 1] << 63;
      uint64_t cutOff;
      while ((cutOff = points & inside & ~(inside >> 1 | following)) != 0) {
        // Those before or behind the border of a block are left to a look at the bytes.
        if (cutOff >> 63 || cutOff & 1) return 0;
        inside &= ~cutOff;
        stop = (stop & ~(cutOff << 1)) | cutOff;
      }
    }
    variables += (uint32_t)_mm_popcnt_u64(starts[i]);
    // Of each variable its place is kept, as another byte that no message has.
    uint64_t kept = (~inside | starts[i]) & there;
    __m512i constant = _mm512_maskz_compress_epi8(kept, _mm512_mask_mov_epi8(bytes, starts[i], _mm512_set1_epi8(1)));
    if (!put(&shape, constant, (uint64_t)_mm_popcnt_u64(kept))) return 0;
    uint64_t valued = inside | stop;
    _mm512_storeu_si512(
        next, _mm512_maskz_compress_epi8(valued, _mm512_mask_mov_epi8(bytes, stop, _mm512_set1_epi8('\t'))));
    next += _mm_popcnt_u64(valued);
  }
  if (shape.used > 0 && !close_block(&shape)) return 0;
  uint64_t hash = (uint64_t)_mm512_reduce_add_epi64(shape.hash);
  cut->hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15;
  cut->shapeBlocks = shape.blocks;
  cut->variables = variables;
  // There is no stop behind a variable that the last block is full with.
  cut->valueBytes = variables == 0 ? 0 : (uint32_t)(next - values) - (carry ? 0 : 1);
  return 1;
}

CUT_TARGET
int fb_cut_512(
    const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program, uint32_t programCount,
    uint8_t *values, uint8_t *shapeText, fb_cut *cut) {
  if (programCount > 62 || count == 0 || count > FB_CUT_LIMIT) return 0;
  const uint32_t last = (count - 1) / 64;
  // Most texts are short: their blocks are known to be so many, instead of a guess at the end of each loop.
  switch (last) {
    case 0: return cut_blocks(0, text, count, blocks, program, programCount, values, shapeText, cut);
    case 1: return cut_blocks(1, text, count, blocks, program, programCount, values, shapeText, cut);
    default: return cut_blocks(last, text, count, blocks, program, programCount, values, shapeText, cut);
  }
}

#endif
