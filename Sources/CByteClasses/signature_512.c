#include "levels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SIGNATURE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi,bmi2,lzcnt")))

enum { STRETCHES = 8, STEP = 2 };

SIGNATURE_TARGET
void fb_flag_stretches_512(const uint8_t *text, uint32_t count, uint8_t *flags) {
  if (count < FB_STRETCH) return;
  // Eight bytes from every second one on, of which five are kept.
  const __m512i windows = _mm512_set_epi64(
      0x1514131211100F0E, 0x131211100F0E0D0C, 0x11100F0E0D0C0B0A, 0x0F0E0D0C0B0A0908, 0x0D0C0B0A09080706,
      0x0B0A090807060504, 0x0908070605040302, 0x0706050403020100);
  const __mmask64 kept = 0x1F1F1F1F1F1F1F1F;
  const __m512i lowerCase = _mm512_set1_epi64(0x2020202020);
  const __m512i factor = _mm512_set1_epi64((long long)0x9E3779B97F4A7C15);
  const __m512i low13 = _mm512_set1_epi64(FB_SIGNATURE_BITS - 1);
  const __m128i nowhere = _mm_set1_epi16(FB_SIGNATURE_BITS);
  int32_t left = (int32_t)((count - FB_STRETCH) / STEP + 1);
  do {
    const __m256i bytes = _mm256_maskz_loadu_epi8(_bzhi_u32(~0u, count < 32 ? count : 32), text);
    const __m512i stretches =
        _mm512_or_si512(_mm512_maskz_permutexvar_epi8(kept, windows, _mm512_castsi256_si512(bytes)), lowerCase);
    const __m512i hashes = _mm512_mullo_epi64(stretches, factor);
    // Lanes beyond the last stretch go to the flag behind all others.
    const __mmask8 beyond = (__mmask8)(left < STRETCHES ? 0xFF << left : 0);
    uint16_t places[2 * STRETCHES];
    _mm_storeu_si128(
        (__m128i *)places, _mm_mask_mov_epi16(_mm512_cvtepi64_epi16(_mm512_srli_epi64(hashes, 51)), beyond, nowhere));
    _mm_storeu_si128(
        (__m128i *)(places + STRETCHES),
        _mm_mask_mov_epi16(
            _mm512_cvtepi64_epi16(_mm512_and_si512(_mm512_srli_epi64(hashes, 38), low13)), beyond, nowhere));
    for (uint32_t i = 0; i < 2 * STRETCHES; i++) flags[places[i]] = 1;
    text += STEP * STRETCHES;
    count -= STEP * STRETCHES;
    left -= STRETCHES;
  } while (left > 0);
}

SIGNATURE_TARGET
void fb_take_flags_512(uint8_t *flags, uint8_t *bits) {
  for (uint32_t at = 0; at < FB_SIGNATURE_BITS; at += 64) {
    const __m512i some = _mm512_loadu_si512(flags + at);
    const uint64_t word = _mm512_test_epi8_mask(some, some);
    __builtin_memcpy(bits + at / 8, &word, 8);
    _mm512_storeu_si512(flags + at, _mm512_setzero_si512());
  }
}

#endif
