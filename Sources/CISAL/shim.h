// ISA-L's inflate behind an opaque pointer: its state holds arrays too long for Swift to import.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <isa-l/igzip_lib.h>
#include <isa-l/crc.h>

/// What one call of `fb_isal_inflate` did.
typedef struct {
  size_t consumed;
  size_t produced;
  /// ISA-L's code: 0 fine, negative for broken data.
  int code;
  /// 1 once the last block has ended.
  int finished;
  /// Whole bytes of input that were read but not used; they belong to what follows the deflate data.
  unsigned unused;
} fb_isal_step;

/// A new state for raw deflate data, or NULL.
static inline void *fb_isal_new(void) {
  // Zeroed: damaged data may send ISA-L to entries of its tables that it has not filled.
  void *state = calloc(1, sizeof(struct inflate_state));
  if (state) isal_inflate_init((struct inflate_state *)state);
  return state;
}

static inline void fb_isal_free(void *state) { free(state); }

static inline void fb_isal_reset(void *state) { isal_inflate_reset((struct inflate_state *)state); }

static inline fb_isal_step fb_isal_inflate(
    void *opaque, const uint8_t *input, size_t inputCount, uint8_t *output, size_t outputCount) {
  struct inflate_state *state = (struct inflate_state *)opaque;
  state->next_in = (uint8_t *)input;
  state->avail_in = (uint32_t)inputCount;
  state->next_out = output;
  state->avail_out = (uint32_t)outputCount;
  fb_isal_step step;
  step.code = isal_inflate(state);
  step.consumed = inputCount - state->avail_in;
  step.produced = outputCount - state->avail_out;
  step.finished = state->block_state == ISAL_BLOCK_FINISH;
  step.unused = step.finished && state->read_in_length > 0 ? (unsigned)state->read_in_length / 8 : 0;
  return step;
}

/// CRC-32 as gzip and zip use it, carried on from `crc` (0 at the start).
static inline uint32_t fb_isal_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
  return crc32_gzip_refl(crc, bytes, count);
}
