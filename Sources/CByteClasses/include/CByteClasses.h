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

/// True where `fb_byte_classes` is quicker than a look at each byte: on x86-64 with AVX2, and more so with AVX-512; found out once.
int fb_byte_classes_available(void);

/// What `fb_byte_classes` tells of a whole text.
enum {
  /// The blocks say all.
  FB_PLAIN = 1,
  /// There is a backslash.
  FB_BACKSLASH = 2,
  /// A block has joints.
  FB_JOINTS = 4,
};

/// Classifies the first `count` bytes of a text, at most 4096, into a block for each 64 of them and one more, which is empty. Bits beyond `count`
/// are 0. Returns 0 where the bytes have to be looked at one by one: there are control characters, asterisks, bytes beyond ASCII,
/// or eight hexadecimal letters in a row; else FB_PLAIN with what else holds. Reads nothing beyond `count`. Call it only where it is available.
int fb_byte_classes(const uint8_t *text, uint32_t count, fb_byte_block *blocks);

/// Finds the tokens with a digit of a text whose blocks, of all of it, are plain and without joints: start, times 2^32, and length of each, without the full
/// stops that it ends with. A text has room for half its bytes, rounded up, of them. Returns their number. Call it only where the above is available.
uint32_t fb_numbered_tokens(const uint8_t *text, uint32_t count, const fb_byte_block *blocks, uint64_t *tokens);

/// Of `fb_cut_text`.
enum {
  /// Bytes of a text, at most.
  FB_CUT_LIMIT = 448,
  /// Blocks of 64 bytes that a shape takes, at most.
  FB_SHAPE_BLOCKS = 3,
  /// Bytes behind the last value that are written.
  FB_CUT_OVERRUN = 64,
};

/// What `fb_cut_text` tells.
typedef struct {
  /// Of the shape; to find it by, no proof of anything.
  uint64_t hash;
  /// Blocks of 64 bytes that the shape takes, the last one filled with zeros.
  uint32_t shapeBlocks;
  uint32_t variables;
  /// Bytes of the values, which have tabs between.
  uint32_t valueBytes;
} fb_cut;

/// True where `fb_cut_text` is there: on x86-64 with AVX-512 that puts bytes together (VBMI2).
int fb_cut_available(void);

/// Cuts a text into variables, its tokens with marks but for the full stops that they end with, and what lies between them, without a look at any
/// of the tokens. The text's blocks, of all of it, must be plain and without joints. Writes the variables with tabs between, and the shape: the
/// program, the byte 2, and the text with the byte 1 for each variable. No two shapes are the same, and neither byte stands in a plain text. Returns 0,
/// with nothing told, where text, program or shape are too long, or a full stop lies where two blocks meet. Reads nothing beyond
/// `count` and `programCount`. Call it only where it is available.
int fb_cut_text(
    const uint8_t *text, uint32_t count, const fb_byte_block *blocks, const uint8_t *program, uint32_t programCount,
    uint8_t *values, uint8_t *shapeText, fb_cut *cut);

/// Of `fb_flag_stretches` and `fb_take_flags`.
enum {
  /// Flags of a signature, a byte each.
  FB_SIGNATURE_BITS = 8192,
  /// Bytes of a stretch.
  FB_STRETCH = 5,
};

/// True where `fb_flag_stretches` and `fb_take_flags` are there: on x86-64 with AVX-512 that picks bytes (VBMI).
int fb_signature_available(void);

/// Sets two flags for each stretch of five bytes of a text that begins at an even place: with A to Z as a to z, and more bytes that fall together, the
/// first byte lowest, times 0x9E3779B97F4A7C15, the highest 13 bits and the 13 below them are their numbers. There must be one flag more, which may be set too.
/// Reads nothing beyond `count`. Call it only where it is available.
void fb_flag_stretches(const uint8_t *text, uint32_t count, uint8_t *flags);

/// Writes which flags are set, a bit each, the first one lowest, and clears them. Call it only where it is available.
void fb_take_flags(uint8_t *flags, uint8_t *bits);

/// False only where none of the words of eight bytes that a stretch begins with, one after the other, is the same byte eight times.
int fb_may_have_constant_word(const uint8_t *text, uint64_t count);

/// The first place where two bytes stand side by side in the first `count` bytes of a text; `count` where they do not.
uint64_t fb_find_pair(const uint8_t *text, uint64_t count, uint8_t first, uint8_t second);

/// `fb_byte_classes` without AVX-512, for tests.
int fb_byte_classes_narrow(const uint8_t *text, uint32_t count, fb_byte_block *blocks);

/// Marks the line feeds in the first `count` bytes of a text, one bit a byte, the first byte lowest, a word for each 64 of them. Reads
/// nothing beyond `count`. Returns 0, with nothing written, where the processor offers nothing better than a search byte by byte.
int fb_line_feeds(const uint8_t *text, uint64_t count, uint64_t *words);

/// What divides the header of a line of syslog in its first 64 bytes, one bit a byte, the first byte lowest.
typedef struct {
  uint64_t blanks, colons, opens, closes, stops;
  /// Bytes below a blank.
  uint64_t controls;
} fb_header;

/// Marks what divides a header in the first `count` bytes of a text, 64 at most. Reads nothing beyond `count`. Returns 0, with nothing written, where
/// the processor offers nothing better than a look at each byte.
int fb_header_marks(const uint8_t *text, uint64_t count, fb_header *header);

/// Marks what ends the plain stretch of a JSON string in the first `count` bytes of a text: quotes, backslashes and control
/// characters, one bit a byte, the first byte lowest, a word for each 64 of them. Bits beyond `count` are set, and so is all of
/// two words more. Returns 1 where all bytes are ASCII. Reads nothing beyond `count`. Call it only where the above says so.
int fb_json_stops(const uint8_t *text, uint64_t count, uint64_t *words);

#endif
