/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_int64(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	const char *p = text + negative;
	if (!isdigit((unsigned char)*p) || (*p == '0' && (p[1] || negative)))
		return false;
	int64_t value = 0;
	for (; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return false;
		int digit = *p - '0';
		if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
			__builtin_sub_overflow(value, (int64_t)digit, &value))
			return false;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*ret_value = negative ? value : -value;
	return true;
}

/* A plain decimal number ("12", "1.5") at the start of text; returns what follows, NULL if none. */
static const char *plain_number(const char *text, double *ret_value)
{
	const char *p = text;
	if (!isdigit((unsigned char)*p) || (*p == '0' && isdigit((unsigned char)p[1])))
		return NULL;
	while (isdigit((unsigned char)*p))
		p++;
	if (*p == '.') {
		p++;
		if (!isdigit((unsigned char)*p))
			return NULL;
		while (isdigit((unsigned char)*p))
			p++;
	}
	if (p - text > 18)
		return NULL;
	*ret_value = strtod(text, NULL);
	return p[0] == ' ' && p[1] ? p + 1 : p;
}

struct unit {
	const char *name;
	double factor;
};

static bool number_with_unit(
	const char *text, const struct unit *units, size_t n, int64_t *ret_value)
{
	double number = 0;
	const char *unit = plain_number(text, &number);
	if (!unit)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		double value = number * units[i].factor;
		if (value > 9e15 || value != floor(value))
			return false;
		*ret_value = (int64_t)value;
		return true;
	}
	return false;
}

bool text_size(const char *text, int64_t *ret_bytes)
{
	static const struct unit units[] = {{"", 1}, {"B", 1}, {"KB", 1e3}, {"kB", 1e3},
		{"MB", 1e6}, {"GB", 1e9}, {"KiB", 1024.0}, {"MiB", 1048576.0},
		{"GiB", 1073741824.0}};
	return number_with_unit(text, units, sizeof(units) / sizeof(units[0]), ret_bytes);
}

bool text_duration(const char *text, int64_t *ret_ms)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return true;
	}
	return number_with_unit(text, units, sizeof(units) / sizeof(units[0]), ret_ms);
}

void text_format_size(char *ret_text, double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	while (bytes >= 1024 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	snprintf(ret_text, 32, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes,
		units[unit]);
}

void text_format_duration(char *ret_text, int64_t ms)
{
	int64_t s = ms / 1000;
	if (ms < 10000)
		snprintf(ret_text, 32, "%.1fs", (double)ms / 1000);
	else if (s < 60)
		snprintf(ret_text, 32, "%llds", (long long)s);
	else if (s < 3600)
		snprintf(ret_text, 32, "%lldm %llds", (long long)(s / 60), (long long)(s % 60));
	else if (s < 86400)
		snprintf(ret_text, 32, "%lldh %lldm", (long long)(s / 3600),
			(long long)(s / 60 % 60));
	else
		snprintf(ret_text, 32, "%lldd %lldh", (long long)(s / 86400),
			(long long)(s / 3600 % 24));
}

void text_format_count(char *ret_text, int64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)value);
	char *to = ret_text;
	for (int i = 0; i < n; i++) {
		int left = n - i;
		*to++ = digits[i];
		if (isdigit((unsigned char)digits[i]) && left > 1 && left % 3 == 1)
			*to++ = ',';
	}
	*to = '\0';
}

void text_format_counted(char *ret_text, int64_t value, const char *noun)
{
	char count[32];
	text_format_count(count, value);
	snprintf(ret_text, 64, "%s %s%s", count, noun, value == 1 ? "" : "s");
}

static bool continuation(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

size_t utf8_length(const unsigned char *p, size_t n)
{
	if (n == 0)
		return 0;
	unsigned char c = p[0];
	if (c < 0x80)
		return 1;
	if (c < 0xC2 || c > 0xF4)
		return 0;
	if (c < 0xE0)
		return n >= 2 && continuation(p[1]) ? 2 : 0;
	if (c < 0xF0) {
		if (n < 3 || !continuation(p[1]) || !continuation(p[2]))
			return 0;
		if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] >= 0xA0))
			return 0;
		return 3;
	}
	if (n < 4 || !continuation(p[1]) || !continuation(p[2]) || !continuation(p[3]))
		return 0;
	if ((c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] >= 0x90))
		return 0;
	return 4;
}

bool utf8_valid(const void *text, size_t n, size_t *ret_at)
{
	const unsigned char *p = text;
	size_t i = 0;
	while (i < n) {
		/* Eight ASCII bytes at a time: nearly all data is. */
		uint64_t word = 0;
		if (n - i >= sizeof(word)) {
			memcpy(&word, p + i, sizeof(word));
			if (!(word & 0x8080808080808080u)) {
				i += sizeof(word);
				continue;
			}
		}
		size_t length = utf8_length(p + i, n - i);
		if (!length) {
			if (ret_at)
				*ret_at = i;
			return false;
		}
		i += length;
	}
	return true;
}

void text_copy(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size);
	if (n == size) {
		n--;
		while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
			n--;
	}
	memcpy(to, text, n);
	to[n] = '\0';
}

bool text_glob(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, FNM_PERIOD) == 0;
}

void text_excerpt(struct buf *out, const char *text, size_t len, size_t max)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t start = out->len;
	size_t i = 0;
	while (i < len && out->len - start < max) {
		size_t n = utf8_length(p + i, len - i);
		if (n == 0 || p[i] < ' ' || p[i] == 0x7f) {
			buf_append_byte(out, p[i] == '\n' || p[i] == '\t' ? ' ' : '?');
			i++;
		} else {
			buf_append(out, p + i, n);
			i += n;
		}
	}
	if (i < len)
		buf_append_text(out, "...");
}

void text_clean(struct buf *out, const char *text, size_t len, size_t max)
{
	static const char replacement[] = "\xEF\xBF\xBD";
	size_t end = out->len + max;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length((const unsigned char *)text + i, len - i);
		bool good = n > 0 && text[i] != '\0';
		size_t size = good ? n : sizeof(replacement) - 1;
		if (out->len + size > end)
			return;
		buf_append(out, good ? text + i : replacement, size);
		i += good ? n : 1;
	}
}

bool text_is_mail_address(const char *text)
{
	size_t n = strlen(text);
	const char *at = strchr(text, '@');
	if (!at || at == text || !at[1] || strchr(at + 1, '@') || n > TEXT_MAIL_ADDRESS_MAX)
		return false;
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("<>()[],;:\\\"", *p))
			return false;
	return true;
}
