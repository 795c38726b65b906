/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of what people write: numbers, sizes, durations; and UTF-8. Locale-free. */
#ifndef PENSTOCK_BASE_TEXT_H
#define PENSTOCK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Decimal digits with an optional '-'; no blanks, no leading zeros, no '+'. */
bool text_int64(const char *text, int64_t *ret_value);
/* "4096", "512KiB", "10MB", "1.5 GiB": bytes. KB/MB/GB are powers of 1000, KiB/MiB/GiB of 1024. */
bool text_size(const char *text, int64_t *ret_bytes);
/* "250ms", "5s", "2m", "1h", "7d": milliseconds. A number without a unit is refused, but "0". */
bool text_duration(const char *text, int64_t *ret_ms);
/* 1536 -> "1.5 KiB"; `ret_text` holds 32 bytes. */
void text_format_size(char *ret_text, double bytes);
/* 61000 -> "1m 1s"; `ret_text` holds 32 bytes. */
void text_format_duration(char *ret_text, int64_t ms);
/* 1234567 -> "1,234,567"; `ret_text` holds 32 bytes. */
void text_format_count(char *ret_text, int64_t value);
/* (1, "row") -> "1 row", (1234, "row") -> "1,234 rows"; `ret_text` holds 64 bytes, `noun` 30. */
void text_format_counted(char *ret_text, int64_t value, const char *noun);

/*
 * Length of the well-formed UTF-8 sequence at `p` (Unicode 15, table 3-7: no surrogates, nothing
 * over-long, at most U+10FFFF), 0 when there is none within n bytes.
 */
size_t utf8_length(const unsigned char *p, size_t n);
/* Whether all n bytes are well-formed UTF-8; *ret_at (may be NULL) is the first bad byte's offset.
 */
bool utf8_valid(const void *text, size_t n, size_t *ret_at);

/* Copies what fits into `size` bytes, the NUL included; longer text is cut at a whole character. */
void text_copy(char *to, size_t size, const char *text);

/* Whether `name` matches the shell pattern (fnmatch with FNM_PERIOD). */
bool text_glob(const char *pattern, const char *name);

/* One line, no control bytes, at most `max` bytes: for quoting input in messages. */
void text_excerpt(struct buf *out, const char *text, size_t len, size_t max);

/* Appends at most `max` bytes of text as UTF-8; what is none, and NUL, becomes U+FFFD. */
void text_clean(struct buf *out, const char *text, size_t len, size_t max);

/* RFC 5321, 4.5.3.1.3: a path is at most 256 octets, its angle brackets included. */
#define TEXT_MAIL_ADDRESS_MAX 254
/* Whether `text` can stand in an SMTP envelope and a header as it is: "name@domain" in ASCII, no
 * blanks, quotes or comments. */
bool text_is_mail_address(const char *text);

#endif
