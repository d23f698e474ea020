#include "joints.h"
#include "levels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

// What a byte below 0x80 is. A table of 128 bytes is looked up for 64 bytes in one instruction.
enum {
  S = 1,   // separator
  D = 2,   // digit
  H = 4,   // hexadecimal letter
  C = 8,   // colon
  P = 16,  // full stop
  O = 32,  // odd: control character, asterisk
  B = 64,  // backslash
};

static const uint8_t kinds_of[128] __attribute__((aligned(64))) = {
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    // blank ! " # $ % & ' ( ) * + , - . / 0 to 9 : ; < = > ?
    S, S, S, 0, S, 0, S, S, S, S, O, 0, S, 0, P, 0, D, D, D, D, D, D, D, D, D, D, C, S, S, S, S, S,
    // @ A to Z [ \ ] ^ _
    S, H, H, H, H, H, H, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, S, B, S, 0, 0,
    // ` a to z { | } ~ delete
    0, H, H, H, H, H, H, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, S, S, S, 0, O};

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"), always_inline))
static inline int classes(uint32_t used, const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  const __m512i low = _mm512_load_si512(kinds_of);
  const __m512i high = _mm512_load_si512(kinds_of + 64);
  uint64_t unusual = 0, backslashes = 0;
  fb_scan scan;
  memset(&scan, 0, offsetof(fb_scan, bytes));
  for (uint32_t block = 0; block < used; block++) {
    uint32_t at = 64 * block;
    uint64_t there = count - at >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - at)) - 1;
    // What is not there is neither read nor of any kind.
    __m512i v = _mm512_maskz_loadu_epi8(there, text + at);
    __m512i kinds = _mm512_maskz_permutex2var_epi8(there, low, v, high);
    uint64_t ends = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(S));
    uint64_t digits = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(D));
    uint64_t hex = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(H));
    uint64_t colons = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(C));
    uint64_t stops = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(P));
    unusual |= _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(O)) | _mm512_movepi8_mask(v);
    backslashes |= _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(B));
    fb_scan_block(&scan, at, ends, digits, hex, colons, stops, blocks + block);
  }
  return fb_scan_end(&scan, count, blocks, unusual != 0, backslashes != 0);
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
int fb_byte_classes_512(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  const uint32_t used = (count + 63) / 64;
  // Most texts are short: their blocks are known to be so many, instead of a guess at the loop's end.
  switch (used) {
    case 1: return classes(1, text, count, blocks);
    case 2: return classes(2, text, count, blocks);
    default: return classes(used, text, count, blocks);
  }
}

__attribute__((target("avx512f,avx512bw,avx512vl")))
void fb_line_feeds_512(const uint8_t *text, uint64_t count, uint64_t *words) {
  for (uint64_t at = 0; at < count; at += 64, words++) {
    uint64_t there = count - at >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - at)) - 1;
    *words = _mm512_cmpeq_epi8_mask(_mm512_maskz_loadu_epi8(there, text + at), _mm512_set1_epi8('\n'));
  }
}

__attribute__((target("avx512f,avx512bw,avx512vl")))
void fb_header_marks_512(const uint8_t *text, uint64_t count, fb_header *header) {
  uint64_t there = count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
  __m512i v = _mm512_mask_loadu_epi8(_mm512_set1_epi8('x'), there, text);
  header->blanks = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' '));
  header->colons = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(':'));
  header->opens = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('['));
  header->closes = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(']'));
  header->stops = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('.'));
  header->controls = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(' '));
}

#endif
