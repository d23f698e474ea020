#include "levels.h"

#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

int fb_level(void) {
  static int known = -1;
  int level = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (level < 0) {
    __builtin_cpu_init();
    level = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                    __builtin_cpu_supports("lzcnt")
                ? FB_AVX2
                : FB_NOTHING;
    if (level == FB_AVX2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi")) {
      level = __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2") ? FB_COMPRESS : FB_AVX512;
    }
    __atomic_store_n(&known, level, __ATOMIC_RELAXED);
  }
  return level;
}

static inline uint64_t token(const uint8_t *text, uint64_t start, uint64_t end) {
  while (end > start + 1 && text[end - 1] == '.') end--;
  return start << 32 | (end - start);
}

__attribute__((target("bmi,bmi2,lzcnt")))
uint32_t fb_numbered_tokens(const uint8_t *text, uint32_t count, const fb_byte_block *blocks, uint64_t *tokens) {
  uint64_t *next = tokens;
  unsigned long long carry = 0;
  // Behind the last end before the block.
  uint64_t start = 0;
  for (uint64_t base = 0; base < count; base += 64, blocks++) {
    uint64_t ends = blocks->ends;
    if (count - base < 64) ends |= ~(uint64_t)0 << (count - base);
    for (uint64_t stops = fb_stops(ends, blocks->marks, &carry); stops != 0; stops &= stops - 1) {
      uint64_t stop = (uint64_t)__builtin_ctzll(stops);
      uint64_t before = ends & (((uint64_t)1 << stop) - 1);
      *next++ = token(text, before ? base + 64 - (uint64_t)__builtin_clzll(before) : start, base + stop);
    }
    if (ends) start = base + 64 - (uint64_t)__builtin_clzll(ends);
  }
  if (carry) *next++ = token(text, start, count);
  return (uint32_t)(next - tokens);
}

int fb_cut_available(void) { return fb_level() >= FB_COMPRESS; }

int fb_cut_text(
    const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program, uint32_t programCount,
    uint8_t *values, uint8_t *shapeText, fb_cut *cut) {
  return fb_cut_512(text, count, blocks, program, programCount, values, shapeText, cut);
}

int fb_signature_available(void) { return fb_level() >= FB_COMPRESS; }

void fb_flag_stretches(const uint8_t *text, uint32_t count, uint8_t *flags) { fb_flag_stretches_512(text, count, flags); }

void fb_take_flags(uint8_t *flags, uint8_t *bits) { fb_take_flags_512(flags, bits); }

__attribute__((target("avx2")))
static inline uint64_t equal64(__m256i a, __m256i b, char byte) {
  const __m256i all = _mm256_set1_epi8(byte);
  return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, all)) |
         (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, all)) << 32;
}

// 64 bytes of which no more than `count` are read; the others are 'x'.
__attribute__((target("avx2")))
static inline void load64(const uint8_t *text, uint64_t count, __m256i *a, __m256i *b) {
  uint8_t few[64];
  if (count < 64) {
    memset(few, 'x', 64);
    memcpy(few, text, count);
    text = few;
  }
  *a = _mm256_loadu_si256((const __m256i *)text);
  *b = _mm256_loadu_si256((const __m256i *)(text + 32));
}

__attribute__((target("avx2")))
static void line_feeds(const uint8_t *text, uint64_t count, uint64_t *words) {
  for (uint64_t at = 0; at < count; at += 64, words++) {
    __m256i a, b;
    load64(text + at, count - at, &a, &b);
    *words = equal64(a, b, '\n');
  }
}

int fb_line_feeds(const uint8_t *text, uint64_t count, uint64_t *words) {
  int level = fb_level();
  if (level < FB_AVX2) return 0;
  if (level >= FB_AVX512) fb_line_feeds_512(text, count, words);
  else line_feeds(text, count, words);
  return 1;
}

__attribute__((target("avx2")))
static void header_marks(const uint8_t *text, uint64_t count, fb_header *header) {
  __m256i a, b;
  load64(text, count, &a, &b);
  header->blanks = equal64(a, b, ' ');
  header->colons = equal64(a, b, ':');
  header->opens = equal64(a, b, '[');
  header->closes = equal64(a, b, ']');
  header->stops = equal64(a, b, '.');
  const __m256i control = _mm256_set1_epi8(0x1F);
  header->controls =
      (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(a, control), a)) |
      (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(b, control), b)) << 32;
}

int fb_header_marks(const uint8_t *text, uint64_t count, fb_header *header) {
  int level = fb_level();
  if (level < FB_AVX2) return 0;
  if (level >= FB_AVX512) fb_header_marks_512(text, count, header);
  else header_marks(text, count, header);
  return 1;
}

#else

int fb_level(void) { return FB_NOTHING; }

int fb_cut_available(void) { return 0; }

int fb_signature_available(void) { return 0; }

void fb_flag_stretches(const uint8_t *text, uint32_t count, uint8_t *flags) {
  (void)text;
  (void)count;
  (void)flags;
}

void fb_take_flags(uint8_t *flags, uint8_t *bits) {
  (void)flags;
  (void)bits;
}

int fb_cut_text(
    const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program, uint32_t programCount,
    uint8_t *values, uint8_t *shapeText, fb_cut *cut) {
  (void)text;
  (void)count;
  (void)blocks;
  (void)program;
  (void)programCount;
  (void)values;
  (void)shapeText;
  (void)cut;
  return 0;
}

uint32_t fb_numbered_tokens(const uint8_t *text, uint32_t count, const fb_byte_block *blocks, uint64_t *tokens) {
  (void)text;
  (void)count;
  (void)blocks;
  (void)tokens;
  return 0;
}

int fb_line_feeds(const uint8_t *text, uint64_t count, uint64_t *words) {
  (void)text;
  (void)count;
  (void)words;
  return 0;
}

int fb_header_marks(const uint8_t *text, uint64_t count, fb_header *header) {
  (void)text;
  (void)count;
  (void)header;
  return 0;
}

#endif
