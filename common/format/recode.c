/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two descriptors convert the same bytes: the head makes the text, the tail follows the reader and
 * is stopped, by the room it is given, exactly where the reader is. So no map of offsets is needed,
 * only the bytes between the two.
 */
#include "format/recode.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "format/window.h"

/* UTF-32 has four bytes for one of UTF-8; the rest is for what shift sequences there are. */
#define RAW_MAX_BYTES ((size_t)5 * (WINDOW_MAX + WINDOW_PIECE))
#define RAW_PIECE     ((size_t)64 << 10)
#define TEXT_BYTES    ((size_t)16 << 10)
#define MARK_BYTES    2
/* Bytes of most encodings for one of UTF-8, at most. */
#define MAX_EXPANSION 4

struct flow {
	iconv_t cd;
	size_t at;    /* first byte of `raw` not converted */
	bool flushed; /* what iconv held back at the end came out */
};

struct recode {
	struct input *input;
	struct flow head;
	struct flow tail;
	size_t unit;	    /* bytes of the smallest character */
	unsigned char *raw; /* of the input, from the tail on */
	size_t raw_len;
	size_t raw_capacity;
	int64_t raw_base;      /* position of raw[0] in the input */
	bool ended;	       /* nothing comes behind raw_len */
	int64_t position;      /* of the tail, in the text */
	int64_t handed;	       /* bytes of text handed out */
	char text[TEXT_BYTES]; /* of the head, not handed out */
	size_t text_at;
	size_t text_len;
	char passed[TEXT_BYTES]; /* what the tail makes, thrown away */
};

static bool is_open(iconv_t cd)
{
	return (intptr_t)cd != -1;
}

/* How many bytes one more letter takes: 2 in UTF-16, whatever mark stands before. */
static size_t unit_of(const char *encoding)
{
	char out[64];
	size_t room[2] = {sizeof(out), sizeof(out)};
	for (size_t i = 0; i < 2; i++) {
		char letters[] = "aa";
		char *from = letters;
		char *to = out;
		size_t left = i + 1;
		iconv_t cd = iconv_open(encoding, "UTF-8");
		if (!is_open(cd))
			return 1;
		if (iconv(cd, &from, &left, &to, &room[i]) == (size_t)-1)
			room[i] = sizeof(out);
		iconv_close(cd);
	}
	return room[0] > room[1] ? room[0] - room[1] : 1;
}

bool recode_open(
	const char *encoding, struct input *input, struct recode **ret_recode, struct err *err)
{
	struct recode *recode = calloc(1, sizeof(*recode));
	if (!recode)
		BUG("out of memory: a recoder");
	recode->input = input;
	recode->unit = unit_of(encoding);
	recode->head.cd = iconv_open("UTF-8", encoding);
	recode->tail.cd = iconv_open("UTF-8", encoding);
	if (!is_open(recode->head.cd) || !is_open(recode->tail.cd)) {
		recode_close(recode);
		return err_config(err, "csv.encoding: iconv does not know '%s'", encoding);
	}
	*ret_recode = recode;
	return true;
}

void recode_close(struct recode *recode)
{
	if (!recode)
		return;
	if (is_open(recode->head.cd))
		iconv_close(recode->head.cd);
	if (is_open(recode->tail.cd))
		iconv_close(recode->tail.cd);
	free(recode->raw);
	free(recode);
}

/* 0xF8 to 0xFF begin nothing in UTF-8: three bits of the byte there, five in the one behind. */
static void put_mark(unsigned char byte, char *to)
{
	to[0] = (char)(0xF8 | byte >> 5);
	to[1] = (char)(0x80 | (byte & 31));
}

bool recode_bad(const char *text, size_t n, unsigned *ret_byte)
{
	if (n < MARK_BYTES || (text[0] & 0xF8) != 0xF8)
		return false;
	*ret_byte = (unsigned)(text[0] & 7) << 5 | (unsigned)(text[1] & 31);
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Why a conversion stopped. */
enum stop { STOP_INPUT, STOP_ROOM };

/* Converts the input up to `end` into the room; *ret_n bytes come out. */
static enum stop convert(
	struct recode *recode, struct flow *flow, size_t end, char *to, size_t room, size_t *ret_n)
{
	char *out = to;
	bool whole = recode->ended && end == recode->raw_len;
	enum stop stop = STOP_INPUT;
	while (flow->at < end && stop == STOP_INPUT) {
		char *in = (char *)recode->raw + flow->at;
		size_t left = end - flow->at;
		size_t result = iconv(flow->cd, &in, &left, &out, &room);
		flow->at = end - left;
		if (result != (size_t)-1 || (errno == EINVAL && !whole))
			break;
		if (errno == E2BIG || room < MARK_BYTES) {
			stop = STOP_ROOM;
		} else {
			put_mark(recode->raw[flow->at], out);
			out += MARK_BYTES;
			room -= MARK_BYTES;
			flow->at += left < recode->unit ? left : recode->unit;
		}
	}
	if (whole && flow->at == end && !flow->flushed)
		flow->flushed = iconv(flow->cd, NULL, NULL, &out, &room) != (size_t)-1;
	*ret_n = (size_t)(out - to);
	return stop;
}

/* Forgets what the tail has passed and reads on. */
static bool read_raw(struct recode *recode, struct err *err)
{
	size_t passed = recode->tail.at;
	if (passed > 0)
		memmove(recode->raw, recode->raw + passed, recode->raw_len - passed);
	recode->raw_base += (int64_t)passed;
	recode->raw_len -= passed;
	recode->head.at -= passed;
	recode->tail.at = 0;
	if (recode->raw_capacity - recode->raw_len < RAW_PIECE) {
		if (recode->raw_capacity >= RAW_MAX_BYTES)
			return err_fail(err, ERR_DATA, "%zu bytes that stand for next to no text",
				recode->raw_len);
		recode->raw_capacity = recode->raw_capacity * 2 + 2 * RAW_PIECE;
		recode->raw = realloc(recode->raw, recode->raw_capacity);
		if (!recode->raw)
			BUG("out of memory: %zu bytes to convert", recode->raw_capacity);
	}
	size_t n = 0;
	if (!input_read(recode->input, recode->raw + recode->raw_len, RAW_PIECE, &n, err))
		return false;
	recode->raw_len += n;
	recode->ended = n == 0;
	return true;
}

static bool fill_text(struct recode *recode, struct err *err)
{
	recode->text_at = 0;
	recode->text_len = 0;
	for (;;) {
		convert(recode, &recode->head, recode->raw_len, recode->text, TEXT_BYTES,
			&recode->text_len);
		if (recode->text_len > 0 || recode->ended)
			return true;
		if (!read_raw(recode, err))
			return false;
	}
}

bool recode_read(struct recode *recode, void *to, size_t n, size_t *ret_n, struct err *err)
{
	if (recode->text_at == recode->text_len && !fill_text(recode, err))
		return false;
	size_t there = recode->text_len - recode->text_at;
	n = least(n, there);
	memcpy(to, recode->text + recode->text_at, n);
	recode->text_at += n;
	recode->handed += (int64_t)n;
	*ret_n = n;
	return true;
}

/* Whether the text ends at `position`: what stands behind it in the input belongs to it. */
static bool is_end(const struct recode *recode, int64_t position)
{
	return recode->ended && recode->head.at == recode->raw_len &&
	       recode->text_at == recode->text_len && position == recode->handed;
}

/*
 * Moves the tail over n bytes of text, or to the beginning of the character that is beyond them.
 * iconv would read on over bytes that stand for no text, a shift that belongs to what follows:
 * therefore the last character is shown to it byte by byte.
 */
static size_t advance(struct recode *recode, size_t n)
{
	struct flow *tail = &recode->tail;
	size_t done = 0;
	size_t made = 0;
	/* glibc takes a second byte order mark for the first when its first call had no room. */
	if (recode->raw_base == 0 && tail->at == 0)
		convert(recode, tail, least(recode->unit, recode->raw_len), recode->passed,
			TEXT_BYTES, &done);
	if (done < n) {
		size_t enough = tail->at + MAX_EXPANSION * (n - done);
		convert(recode, tail, least(enough, recode->raw_len), recode->passed, n - done - 1,
			&made);
		done += made;
	}
	enum stop stop = STOP_INPUT;
	for (size_t end = tail->at; done < n && end < recode->raw_len && stop == STOP_INPUT;) {
		stop = convert(recode, tail, ++end, recode->passed, n - done, &made);
		done += made;
	}
	return done;
}

int64_t recode_origin(struct recode *recode, int64_t position)
{
	if (is_end(recode, position))
		return recode->raw_base + (int64_t)recode->raw_len;
	while (recode->position < position) {
		int64_t ahead = position - recode->position;
		size_t n =
			advance(recode, ahead < (int64_t)TEXT_BYTES ? (size_t)ahead : TEXT_BYTES);
		if (n == 0)
			break;
		recode->position += (int64_t)n;
	}
	return recode->raw_base + (int64_t)recode->tail.at;
}
