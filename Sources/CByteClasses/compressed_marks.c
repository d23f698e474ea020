#include "levels.h"

#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

#define MARKS_TARGET __attribute__((target("avx512f,avx512bw,bmi,bmi2,lzcnt")))

MARKS_TARGET
static int has_constant_word(const uint8_t *text, uint64_t count) {
  for (uint64_t at = 0; at + 64 <= count; at += 64) {
    const __m512i words = _mm512_loadu_si512(text + at);
    if (_mm512_cmpeq_epi64_mask(words, _mm512_rol_epi64(words, 8))) return 1;
  }
  // The rest is not worth another way: less than eight words.
  for (uint64_t at = count & ~(uint64_t)63; at + 8 <= count; at += 8) {
    uint64_t word;
    memcpy(&word, text + at, 8);
    if (word == (word << 8 | word >> 56)) return 1;
  }
  return 0;
}

MARKS_TARGET
static uint64_t find_pair(const uint8_t *text, uint64_t count, uint8_t first, uint8_t second) {
  const __m512i firsts = _mm512_set1_epi8((char)first);
  const __m512i seconds = _mm512_set1_epi8((char)second);
  uint64_t at = 0;
  for (; at + 65 <= count; at += 64) {
    const uint64_t pairs = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + at), firsts) &
                           _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + at + 1), seconds);
    if (pairs) return at + (uint64_t)__builtin_ctzll(pairs);
  }
  for (; at + 2 <= count; at++) {
    if (text[at] == first && text[at + 1] == second) return at;
  }
  return count;
}

#endif

int fb_may_have_constant_word(const uint8_t *text, uint64_t count) {
#if defined(__x86_64__)
  if (fb_level() >= FB_AVX512) return has_constant_word(text, count);
#endif
  return count >= 8 && text;
}

uint64_t fb_find_pair(const uint8_t *text, uint64_t count, uint8_t first, uint8_t second) {
#if defined(__x86_64__)
  if (fb_level() >= FB_AVX512) return find_pair(text, count, first, second);
#endif
  const uint8_t *const end = text + count;
  const uint8_t *next = text;
  while (end - next >= 2 && (next = memchr(next, first, (size_t)(end - next - 1)))) {
    if (next[1] == second) return (uint64_t)(next - text);
    next++;
  }
  return count;
}
