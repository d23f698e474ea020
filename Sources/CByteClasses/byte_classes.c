#include "joints.h"
#include "levels.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

int fb_byte_classes_available(void) { return fb_level() >= FB_AVX2; }

// A class is a set of high and a set of low halves of a byte: two table lookups and an AND tell all classes of 32 bytes
// (W. Mula, D. Lemire: "Faster Base64 Encoding and Decoding Using AVX2 Instructions", 2018, and simdjson).
enum {
  SEPARATOR_2 = 1,    // blank ! " $ & ' ( ) ,
  SEPARATOR_3 = 2,    // ; < = > ?
  SEPARATOR_57 = 4,   // [ ] { }
  DIGIT = 8,
  HEX_LETTER = 16,
  COLON = 32,
  CONTROL = 64,       // tab, too
  STOP = 128,
};
enum {
  AT = 1,
  BAR = 2,
  ASTERISK = 4,
  DELETE = 8,
};

__attribute__((target("avx2")))
static int byte_classes_256(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  const __m256i lows = _mm256_setr_epi8(
      // 0, 1 to 6, 7 to 9
      SEPARATOR_2 | DIGIT | CONTROL, SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL,
      SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL, DIGIT | HEX_LETTER | CONTROL,
      SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL, DIGIT | HEX_LETTER | CONTROL,
      SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL, SEPARATOR_2 | DIGIT | CONTROL, SEPARATOR_2 | DIGIT | CONTROL,
      SEPARATOR_2 | DIGIT | CONTROL,
      // A to F
      COLON | CONTROL, SEPARATOR_3 | SEPARATOR_57 | CONTROL, SEPARATOR_2 | SEPARATOR_3 | CONTROL,
      SEPARATOR_3 | SEPARATOR_57 | CONTROL, SEPARATOR_3 | CONTROL | (char)STOP, SEPARATOR_3 | CONTROL,
      SEPARATOR_2 | DIGIT | CONTROL, SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL,
      SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL, DIGIT | HEX_LETTER | CONTROL,
      SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL, DIGIT | HEX_LETTER | CONTROL,
      SEPARATOR_2 | DIGIT | HEX_LETTER | CONTROL, SEPARATOR_2 | DIGIT | CONTROL, SEPARATOR_2 | DIGIT | CONTROL,
      SEPARATOR_2 | DIGIT | CONTROL, COLON | CONTROL, SEPARATOR_3 | SEPARATOR_57 | CONTROL,
      SEPARATOR_2 | SEPARATOR_3 | CONTROL, SEPARATOR_3 | SEPARATOR_57 | CONTROL,
      SEPARATOR_3 | CONTROL | (char)STOP, SEPARATOR_3 | CONTROL);
  const __m256i highs = _mm256_setr_epi8(
      CONTROL, CONTROL, SEPARATOR_2 | (char)STOP, SEPARATOR_3 | DIGIT | COLON, HEX_LETTER, SEPARATOR_57,
      HEX_LETTER, SEPARATOR_57, 0, 0, 0, 0, 0, 0, 0, 0, CONTROL, CONTROL, SEPARATOR_2 | (char)STOP,
      SEPARATOR_3 | DIGIT | COLON, HEX_LETTER, SEPARATOR_57, HEX_LETTER, SEPARATOR_57, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i rareLows = _mm256_setr_epi8(
      AT, 0, 0, 0, 0, 0, 0, 0, 0, 0, ASTERISK, 0, BAR, 0, 0, DELETE, AT, 0, 0, 0, 0, 0, 0, 0, 0, 0, ASTERISK, 0, BAR,
      0, 0, DELETE);
  const __m256i rareHighs = _mm256_setr_epi8(
      0, 0, ASTERISK, 0, AT, 0, 0, BAR | DELETE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ASTERISK, 0, AT, 0, 0, BAR | DELETE, 0,
      0, 0, 0, 0, 0, 0, 0);
  const __m256i low4 = _mm256_set1_epi8(15);
  const __m256i separators = _mm256_set1_epi8(SEPARATOR_2 | SEPARATOR_3 | SEPARATOR_57);
  const __m256i rareSeparators = _mm256_set1_epi8(AT | BAR);
  __m256i seen = _mm256_setzero_si256();
  __m256i seenRare = _mm256_setzero_si256();
  __m256i seenBytes = _mm256_setzero_si256();
  __m256i backslashes = _mm256_setzero_si256();
  fb_scan scan;
  memset(&scan, 0, offsetof(fb_scan, bytes));
  for (uint32_t at = 0; at < count; at += 64) {
    uint64_t ends = 0, digits = 0, hex = 0, colons = 0, stops = 0;
    for (uint32_t half = 0; half < 64 && at + half < count; half += 32) {
      // The last bytes are loaded together with some before them, which are shifted out.
      uint32_t rest = count - at - half;
      uint32_t over = rest < 32 ? 32 - rest : 0;
      __m256i v;
      if (over <= at + half) {
        v = _mm256_loadu_si256((const __m256i *)(text + (at + half - over)));
      } else {
        uint8_t few[32];
        memset(few, 'x', 32);
        memcpy(few, text, rest);
        v = _mm256_loadu_si256((const __m256i *)few);
        over = 0;
      }
      __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), low4);
      // Bytes from 0x80 on give 0 by the low table; they are seen below.
      __m256i kinds = _mm256_and_si256(_mm256_shuffle_epi8(lows, v), _mm256_shuffle_epi8(highs, high));
      __m256i rare = _mm256_and_si256(_mm256_shuffle_epi8(rareLows, v), _mm256_shuffle_epi8(rareHighs, high));
      seen = _mm256_or_si256(seen, kinds);
      seenRare = _mm256_or_si256(seenRare, rare);
      seenBytes = _mm256_or_si256(seenBytes, v);
      backslashes = _mm256_or_si256(backslashes, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
      __m256i separator =
          _mm256_or_si256(_mm256_and_si256(kinds, separators), _mm256_and_si256(rare, rareSeparators));
      uint32_t isEnd = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(separator, _mm256_setzero_si256()));
      ends |= (uint64_t)(isEnd >> over) << half;
      digits |= (uint64_t)((uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kinds, 4)) >> over) << half;
      hex |= (uint64_t)((uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kinds, 3)) >> over) << half;
      colons |= (uint64_t)((uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kinds, 2)) >> over) << half;
      stops |= (uint64_t)((uint32_t)_mm256_movemask_epi8(kinds) >> over) << half;
    }
    fb_scan_block(&scan, at, ends, digits, hex, colons, stops, blocks + at / 64);
  }
  const __m256i odd = _mm256_set1_epi8(CONTROL);
  const __m256i rareOdd = _mm256_set1_epi8(ASTERISK | DELETE);
  __m256i unusual = _mm256_or_si256(
      _mm256_or_si256(_mm256_and_si256(seen, odd), _mm256_and_si256(seenRare, rareOdd)),
      _mm256_and_si256(seenBytes, _mm256_set1_epi8((char)0x80)));
  return fb_scan_end(
      &scan, count, blocks, !_mm256_testz_si256(unusual, unusual), !_mm256_testz_si256(backslashes, backslashes));
}

int fb_byte_classes(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  return fb_level() >= FB_AVX512 ? fb_byte_classes_512(text, count, blocks) : byte_classes_256(text, count, blocks);
}

int fb_byte_classes_narrow(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  return byte_classes_256(text, count, blocks);
}

__attribute__((target("avx2")))
int fb_json_stops(const uint8_t *text, uint64_t count, uint64_t *words) {
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  const __m256i control = _mm256_set1_epi8(0x1F);
  __m256i seen = _mm256_setzero_si256();
  uint8_t tail[64];
  uint64_t at = 0;
  for (; at < count; at += 64, words++) {
    const uint8_t *bytes = text + at;
    if (count - at < 64) {
      memset(tail, 0, 64);
      memcpy(tail, bytes, count - at);
      bytes = tail;
    }
    uint64_t stops = 0;
    for (int half = 0; half < 2; half++) {
      __m256i v = _mm256_loadu_si256((const __m256i *)(bytes + 32 * half));
      // The bytes that fill the last block are control characters, too.
      __m256i hit = _mm256_or_si256(
          _mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, backslash)),
          _mm256_cmpeq_epi8(_mm256_min_epu8(v, control), v));
      seen = _mm256_or_si256(seen, v);
      stops |= (uint64_t)(uint32_t)_mm256_movemask_epi8(hit) << (32 * half);
    }
    *words = stops;
  }
  words[0] = ~(uint64_t)0;
  words[1] = ~(uint64_t)0;
  return _mm256_movemask_epi8(seen) == 0;
}

#else

int fb_json_stops(const uint8_t *text, uint64_t count, uint64_t *words) {
  (void)text;
  (void)count;
  (void)words;
  return 0;
}

int fb_byte_classes_available(void) { return 0; }

int fb_byte_classes(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  (void)text;
  (void)count;
  (void)blocks;
  return 0;
}

int fb_byte_classes_narrow(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  return fb_byte_classes(text, count, blocks);
}

#endif
