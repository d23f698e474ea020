#ifndef FIREBREAK_BYTE_CLASSES_H
#define FIREBREAK_BYTE_CLASSES_H

#include <stdint.h>

/// What stands where in 64 bytes of a message, one bit a byte, the first byte lowest.
typedef struct {
  /// Bytes that end a token: separators and colons.
  uint64_t ends;
  /// Digits, and bytes behind a colon that may join what stands on both its sides.
  uint64_t marks;
  /// Of the marks, those behind a colon.
  uint64_t joints;
} fb_byte_block;

/// True where `fb_byte_classes` is quicker than a look at each byte: on x86-64 with AVX2, found out once.
int fb_byte_classes_available(void);

/// Classifies the first `count` bytes of a text, at most 4096, into a block for each 64 of them and one more, which is empty.
/// Returns 0 where the bytes have to be looked at one by one: there are control characters, asterisks, bytes beyond ASCII,
/// or eight hexadecimal letters in a row. Reads nothing beyond `count`. Call it only where it is available.
int fb_byte_classes(const uint8_t *text, uint32_t count, fb_byte_block *blocks);

/// Marks what ends the plain stretch of a JSON string in the first `count` bytes of a text: quotes, backslashes and control
/// characters, one bit a byte, the first byte lowest, a word for each 64 of them. Bits beyond `count` are set, and so is all of
/// two words more. Returns 1 where all bytes are ASCII. Reads nothing beyond `count`. Call it only where the above says so.
int fb_json_stops(const uint8_t *text, uint64_t count, uint64_t *words);

#endif
