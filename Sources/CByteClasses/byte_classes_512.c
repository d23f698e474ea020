#include "joints.h"
#include "levels.h"

#if defined(__x86_64__)

#include <immintrin.h>

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

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
int fb_byte_classes_512(const uint8_t *text, uint32_t count, fb_byte_block *blocks) {
  const __m512i low = _mm512_load_si512(kinds_of);
  const __m512i high = _mm512_load_si512(kinds_of + 64);
  uint64_t unusual = 0, backslashes = 0, joined = 0;
  fb_joint_bytes bytes;
  fb_byte_block *const first = blocks;
  // Of the block before: its last bits, for what reaches over the border.
  uint64_t before = 0, colonBefore = 0, joinsBefore = 0, run1 = 0, run2 = 0, run4 = 0;
  for (uint32_t at = 0; at < count; at += 64, blocks++) {
    uint64_t there = count - at >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - at)) - 1;
    // What is not there is neither read nor of any kind.
    __m512i v = _mm512_maskz_loadu_epi8(there, text + at);
    __m512i kinds = _mm512_maskz_permutex2var_epi8(there, low, v, high);
    uint64_t ends = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(S | C));
    uint64_t digits = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(D));
    uint64_t hex = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(H));
    uint64_t colons = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(C));
    uint64_t stops = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(P));
    unusual |= _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(O)) | _mm512_movepi8_mask(v);
    backslashes |= _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(B));
    // As in `byte_classes_256`.
    uint64_t groups = hex | digits;
    uint64_t joining = colons & ((groups | stops) << 1 | before);
    uint64_t joints = ((joining << 1 | joinsBefore) & (groups | colons)) | ((colons << 1 | colonBefore) & colons);
    before = (groups | stops) >> 63;
    joinsBefore = joining >> 63;
    colonBefore = colons >> 63;
    uint64_t two = hex & (hex << 1 | run1);
    uint64_t four = two & (two << 2 | run2);
    unusual |= four & (four << 4 | run4);
    run1 = hex >> 63;
    run2 = two >> 62;
    run4 = four >> 60;
    blocks->ends = ends;
    blocks->marks = digits | joints;
    blocks->joints = joints;
    joined |= joints;
    if (at < 64 * FB_DECIDED_BLOCKS) {
      bytes.groups[at / 64] = groups;
      bytes.digits[at / 64] = digits;
      bytes.stops[at / 64] = stops;
      bytes.colons[at / 64] = colons;
    }
  }
  blocks->ends = 0;
  blocks->marks = 0;
  blocks->joints = 0;
  if (unusual) return 0;
  if (joined && count <= 64 * FB_DECIDED_BLOCKS && fb_decide_joints(count, first, &bytes)) joined = 0;
  return FB_PLAIN | (backslashes ? FB_BACKSLASH : 0) | (joined ? FB_JOINTS : 0);
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
