/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_escape.h"
#include "base/text.h"

struct scan {
	struct json_scanner *scanner;
	const char *p;
	const char *end;
	const char *why;
};

void json_scanner_init(struct json_scanner *scanner)
{
	*scanner = (struct json_scanner){0};
}

void json_scanner_release(struct json_scanner *scanner)
{
	free(scanner->hashes);
	json_scanner_init(scanner);
}

static bool fail(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static bool is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static bool scan_digits(struct scan *s, const char *why)
{
	if (!is_digit(s->p, s->end))
		return fail(s, why);
	while (is_digit(s->p, s->end))
		s->p++;
	return true;
}

static bool scan_number(struct scan *s)
{
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0') {
		s->p++;
		if (is_digit(s->p, s->end))
			return fail(s, "number with a leading zero");
	} else if (!scan_digits(s, "expected a digit")) {
		return false;
	}
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!scan_digits(s, "expected a digit after the decimal point"))
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		return scan_digits(s, "expected a digit in the exponent");
	}
	return true;
}

static bool scan_string(struct scan *s)
{
	s->p++;
	while (s->p < s->end) {
		unsigned char c = (unsigned char)*s->p;
		if (c == '"') {
			s->p++;
			return true;
		}
		if (c < ' ')
			return fail(s, "control character in a string");
		if (c == '\\') {
			unsigned code = 0;
			s->p++;
			if (!json_read_escape(&s->p, s->end, &code))
				return fail(s, "bad escape or lone surrogate");
			continue;
		}
		size_t n = utf8_length((const unsigned char *)s->p, (size_t)(s->end - s->p));
		if (!n)
			return fail(s, "bad UTF-8");
		s->p += n;
	}
	return fail(s, "unterminated string");
}

/* FNV-1a over the unescaped key, so that "a" and "\u0061" are the same member. */
static uint64_t hash_key(const char *p, const char *end)
{
	uint64_t hash = 0xcbf29ce484222325u;
	while (p < end) {
		unsigned char bytes[4];
		size_t n = json_next_bytes(&p, end, bytes);
		for (size_t i = 0; i < n; i++)
			hash = (hash ^ bytes[i]) * 0x100000001b3u;
	}
	return hash;
}

static void push_hash(struct json_scanner *scanner, uint64_t hash)
{
	if (scanner->count == scanner->capacity) {
		size_t capacity = scanner->capacity ? scanner->capacity * 2 : 64;
		uint64_t *hashes = reallocarray(scanner->hashes, capacity, sizeof(*hashes));
		if (!hashes)
			BUG("out of memory: %zu JSON members", capacity);
		scanner->hashes = hashes;
		scanner->capacity = capacity;
	}
	scanner->hashes[scanner->count++] = hash;
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Whether the members pushed since `from` are distinct; takes them off the stack. */
static bool members_distinct(struct json_scanner *scanner, size_t from)
{
	uint64_t *hashes = scanner->hashes + from;
	size_t n = scanner->count - from;
	scanner->count = from;
	if (n < 2)
		return true;
	qsort(hashes, n, sizeof(*hashes), compare_hashes);
	for (size_t i = 1; i < n; i++)
		if (hashes[i] == hashes[i - 1])
			return false;
	return true;
}

static bool scan_value(struct scan *s, unsigned depth, struct json_value *ret_value);

static bool scan_key(struct scan *s)
{
	if (s->p == s->end || *s->p != '"')
		return fail(s, "expected a member name");
	const char *key = s->p + 1;
	if (!scan_string(s))
		return false;
	push_hash(s->scanner, hash_key(key, s->p - 1));
	s->p = skip_space(s->p, s->end);
	if (s->p == s->end || *s->p != ':')
		return fail(s, "expected ':'");
	s->p++;
	return true;
}

/* The items between brackets; s->p stands on the opening one. */
static bool scan_items(struct scan *s, unsigned depth, char closing)
{
	bool object = closing == '}';
	size_t members = s->scanner->count;
	s->p = skip_space(s->p + 1, s->end);
	if (s->p < s->end && *s->p == closing) {
		s->p++;
		return true;
	}
	for (;;) {
		struct json_value item;
		if ((object && !scan_key(s)) || !scan_value(s, depth, &item))
			return false;
		s->p = skip_space(s->p, s->end);
		if (s->p == s->end)
			return fail(s, object ? "unterminated object" : "unterminated array");
		char c = *s->p;
		if (c != ',' && c != closing)
			return fail(s, object ? "expected ',' or '}'" : "expected ',' or ']'");
		s->p++;
		if (c == closing)
			break;
		s->p = skip_space(s->p, s->end);
	}
	if (object && !members_distinct(s->scanner, members))
		return fail(s, "duplicate member");
	return true;
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return fail(s, "expected a value");
	s->p += n;
	return true;
}

static bool scan_value(struct scan *s, unsigned depth, struct json_value *ret_value)
{
	s->p = skip_space(s->p, s->end);
	if (s->p == s->end)
		return fail(s, "expected a value");
	const char *start = s->p;
	enum json_kind kind = JSON_NULL;
	bool ok = false;
	switch (*start) {
	case '{':
	case '[':
		if (depth == JSON_MAX_DEPTH)
			return fail(s, "nested too deeply");
		kind = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
		ok = scan_items(s, depth + 1, *start == '{' ? '}' : ']');
		break;
	case '"':
		kind = JSON_STRING;
		ok = scan_string(s);
		break;
	case 'n':
		ok = scan_word(s, "null");
		break;
	case 't':
		kind = JSON_TRUE;
		ok = scan_word(s, "true");
		break;
	case 'f':
		kind = JSON_FALSE;
		ok = scan_word(s, "false");
		break;
	default:
		kind = JSON_NUMBER;
		ok = *start == '-' || is_digit(start, s->end) ? scan_number(s)
							      : fail(s, "expected a value");
		break;
	}
	if (ok)
		*ret_value = (struct json_value){kind, start, (size_t)(s->p - start)};
	return ok;
}

bool json_validate(struct json_scanner *scanner, const char *text, size_t len,
	struct json_value *ret_value, const char **ret_why, size_t *ret_at)
{
	struct scan s = {.scanner = scanner, .p = text, .end = text + len};
	scanner->count = 0;
	bool ok = scan_value(&s, 0, ret_value);
	if (ok) {
		s.p = skip_space(s.p, s.end);
		if (s.p != s.end)
			ok = fail(&s, "text after the value");
	}
	if (!ok) {
		*ret_why = s.why;
		*ret_at = (size_t)(s.p - text);
	}
	return ok;
}
