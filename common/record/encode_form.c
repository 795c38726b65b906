/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text forms the configuration gives: patterns of dates and times and words of booleans to fields
 * and to what is in them, decimal and thousands signs to all numbers of CSV cells. All is compiled
 * with the plan; a row costs no allocation.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "record/binary.h"
#include "record/pattern.h"
#include "record/plan.h"
#include "record/temporal.h"

#define QUOTED_PATTERNS	 3
/* The longest number with signs of its own: 1,000 digits, in groups. */
#define NUMBER_MAX_BYTES 2048

struct form {
	const struct pattern *patterns;
	size_t pattern_count;
	struct string_list words[2]; /* of false and of true */
	char decimal;
	const char *thousands; /* "": none */
	size_t thousands_len;
	encode_text_fn encode_plain; /* the type's own form of numbers */
	const char *expected;
};

static bool fail(struct encode_state *state, const char *why)
{
	state->why = why;
	return false;
}

static bool put_long(struct encode_state *state, struct buf *out, int64_t value)
{
	binary_append_long(out, value);
	return !out->overflow || fail(state, "the row is larger than a message may be");
}

/*
 * The first pattern that gives a moment wins; when none does, the reason of the first that the
 * text at least looks like is told.
 */
static bool read_moment(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct moment *ret_moment)
{
	const struct form *form = op->form;
	const char *reason = NULL;
	for (size_t i = 0; i < form->pattern_count; i++) {
		const char *why = NULL;
		switch (pattern_read(&form->patterns[i], text, len, op->digits, ret_moment, &why)) {
		case PATTERN_OK:
			return true;
		case PATTERN_IMPOSSIBLE:
			reason = reason ? reason : why;
			break;
		case PATTERN_MISMATCH:
			break;
		}
	}
	return fail(state, reason ? reason : form->expected);
}

static bool encode_date(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	struct moment moment;
	if (!read_moment(state, op, text, len, &moment))
		return false;
	if (moment.us != 0)
		return fail(state, "a time of day other than midnight, the type has none");
	return put_long(state, out, moment.days);
}

static bool encode_time(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	struct moment moment;
	if (!read_moment(state, op, text, len, &moment))
		return false;
	return put_long(state, out, op->digits == 3 ? moment.us / 1000 : moment.us);
}

static bool encode_stamp(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	struct moment moment;
	if (!read_moment(state, op, text, len, &moment))
		return false;
	int64_t us = moment.days * TEMPORAL_DAY_US + moment.us - moment.zone * INT64_C(60000000);
	/* Exact: no digit below a millisecond passed. */
	return put_long(state, out, op->digits == 3 ? us / 1000 : us);
}

static bool encode_word(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	const struct form *form = op->form;
	for (unsigned value = 0; value < 2; value++) {
		const struct string_list *words = &form->words[value];
		for (size_t i = 0; i < words->count; i++) {
			if (strlen(words->items[i]) != len ||
				strncasecmp(words->items[i], text, len) != 0)
				continue;
			buf_append_byte(out, (unsigned char)value);
			return !out->overflow ||
			       fail(state, "the row is larger than a message may be");
		}
	}
	return fail(state, form->expected);
}

static size_t count_digits(const char *p, const char *end)
{
	size_t n = 0;
	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

static bool is_thousands(const struct form *form, const char *p, const char *end)
{
	return form->thousands_len > 0 && (size_t)(end - p) > form->thousands_len &&
	       memcmp(p, form->thousands, form->thousands_len) == 0;
}

/*
 * The number with a point and without groups; NULL when its groups are not of three digits (so that
 * 1.5 is not read as 15 where the point is the thousands sign), or it has signs of another kind.
 * What no digit begins is left to the type's own form: an infinity, an error.
 */
static char *put_plain(const struct form *form, const char *p, const char *end, char *to)
{
	if (p < end && (*p == '-' || *p == '+'))
		*to++ = *p++;
	size_t n = count_digits(p, end);
	bool grouped = n > 0 && is_thousands(form, p + n, end);
	if (grouped && n > 3)
		return NULL;
	memcpy(to, p, n);
	to += n;
	p += n;
	while (grouped && is_thousands(form, p, end)) {
		p += form->thousands_len;
		if (count_digits(p, end) != 3)
			return NULL;
		memcpy(to, p, 3);
		to += 3;
		p += 3;
	}
	if (p < end && *p == form->decimal) {
		*to++ = '.';
		p++;
		n = count_digits(p, end);
		memcpy(to, p, n);
		to += n;
		p += n;
	}
	if (memchr(p, '.', (size_t)(end - p)))
		return NULL;
	memcpy(to, p, (size_t)(end - p));
	return to + (end - p);
}

static bool encode_number(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	const struct form *form = op->form;
	char plain[NUMBER_MAX_BYTES];
	char *end = len <= sizeof(plain) ? put_plain(form, text, text + len, plain) : NULL;
	if (!end)
		return fail(state, form->expected);
	return form->encode_plain(state, op, plain, (size_t)(end - plain), out);
}

/* Which patterns a type takes, and how it encodes them. */
static const struct temporal_form {
	encode_text_fn encode;
	enum logical_type logical;
	bool date; /* the pattern must have one; else it must not */
	bool zone; /* it may have one */
} temporal_forms[] = {
	{encode_date, LOGICAL_DATE, true, false},
	{encode_time, LOGICAL_TIME_MILLIS, false, false},
	{encode_time, LOGICAL_TIME_MICROS, false, false},
	{encode_stamp, LOGICAL_TIMESTAMP_MILLIS, true, true},
	{encode_stamp, LOGICAL_TIMESTAMP_MICROS, true, true},
	{encode_stamp, LOGICAL_LOCAL_TIMESTAMP_MILLIS, true, false},
	{encode_stamp, LOGICAL_LOCAL_TIMESTAMP_MICROS, true, false},
};

static const struct temporal_form *find_temporal(const struct type *type)
{
	for (size_t i = 0; i < sizeof(temporal_forms) / sizeof(temporal_forms[0]); i++)
		if (temporal_forms[i].logical == type->logical)
			return &temporal_forms[i];
	return NULL;
}

static bool fits(const struct temporal_form *temporal, const struct pattern *pattern)
{
	return temporal->date == pattern->has_date && (temporal->zone || !pattern->has_zone);
}

/* "expected a text like '%d/%m/%Y' or '%Y-%m-%d'" */
static const char *describe_patterns(struct arena *arena, const struct string_list *list)
{
	const char *text = "expected a text like ";
	for (size_t i = 0; i < list->count && i < QUOTED_PATTERNS; i++)
		text = arena_printf(arena, "%s%s'%s'", text, i ? " or " : "", list->items[i]);
	return list->count > QUOTED_PATTERNS ? arena_printf(arena, "%s ...", text) : text;
}

/* What a field's configuration says, on its way to every value in the field. */
struct forms {
	struct arena *arena;
	const struct field_reading *reading;
	struct pattern *patterns; /* of reading->pattern */
	bool *used;		  /* of those: some value takes it */
	bool words_used;
};

/* A date or time is read by those patterns that fit its type, where there are some. */
static void take_patterns(struct forms *forms, struct op *op)
{
	const struct temporal_form *temporal = find_temporal(op->type);
	const struct string_list *all = &forms->reading->pattern;
	struct string_list taken = {arena_calloc(forms->arena, all->count + 1, sizeof(char *)), 0};
	struct pattern *patterns =
		arena_calloc(forms->arena, all->count + 1, sizeof(*forms->patterns));
	for (size_t i = 0; temporal && i < all->count; i++) {
		if (!fits(temporal, &forms->patterns[i]))
			continue;
		forms->used[i] = true;
		patterns[taken.count] = forms->patterns[i];
		taken.items[taken.count++] = all->items[i];
	}
	if (taken.count == 0)
		return;
	struct form *form = arena_calloc(forms->arena, 1, sizeof(*form));
	form->patterns = patterns;
	form->pattern_count = taken.count;
	form->expected = describe_patterns(forms->arena, &taken);
	op->encode = temporal->encode;
	op->form = form;
}

static void take_words(struct forms *forms, struct op *op)
{
	if (op->type->kind != TYPE_BOOLEAN || forms->reading->yes.count == 0)
		return;
	struct form *form = arena_calloc(forms->arena, 1, sizeof(*form));
	form->words[0] = forms->reading->no;
	form->words[1] = forms->reading->yes;
	form->expected = "expected one of the field's words for true and false";
	op->encode = encode_word;
	op->form = form;
	forms->words_used = true;
}

/* To the field's value, or to all in it; recursion is bounded by the schema's depth. */
static void take_forms(struct forms *forms, struct op *op)
{
	for (size_t i = 0; i < op->child_count; i++)
		take_forms(forms, &op->children[i]);
	if (op->child_count > 0)
		return;
	take_patterns(forms, op);
	take_words(forms, op);
}

static bool unused_pattern(
	const struct op *op, const struct pattern *pattern, const char *text, struct err *err)
{
	const struct temporal_form *temporal = find_temporal(op->type);
	if (op->child_count > 0)
		return err_config(err, "pattern '%s' fits no date or time in the field", text);
	if (!temporal)
		return err_config(err, "the field is no date or time, a pattern says nothing");
	if (temporal->date != pattern->has_date)
		return err_config(err,
			pattern->has_date ? "pattern '%s' has a date, the field's type does not"
					  : "pattern '%s' has no date, the field's type does",
			text);
	return err_config(err, "pattern '%s' has a zone, the field's type does not", text);
}

static bool check_patterns(const struct forms *forms, const struct op *op, struct err *err)
{
	const struct string_list *texts = &forms->reading->pattern;
	for (size_t i = 0; i < texts->count; i++)
		if (!forms->used[i])
			return unused_pattern(op, &forms->patterns[i], texts->items[i], err);
	return true;
}

static bool check_words(const struct forms *forms, struct err *err)
{
	const struct string_list *yes = &forms->reading->yes;
	const struct string_list *no = &forms->reading->no;
	if (yes->count == 0 && no->count == 0)
		return true;
	if (yes->count == 0 || no->count == 0)
		return err_config(err, "words for both true and false are needed");
	if (!forms->words_used)
		return err_config(
			err, "the field is no boolean, words for true and false say nothing");
	for (size_t i = 0; i < no->count; i++)
		for (size_t j = 0; j < yes->count; j++)
			if (strcasecmp(no->items[i], yes->items[j]) == 0)
				return err_config(
					err, "'%s' means both true and false", no->items[i]);
	return true;
}

bool encode_form(
	struct arena *arena, const struct field_reading *reading, struct op *op, struct err *err)
{
	size_t count = reading->pattern.count;
	struct forms forms = {.arena = arena,
		.reading = reading,
		.patterns = arena_calloc(arena, count + 1, sizeof(*forms.patterns)),
		.used = arena_calloc(arena, count + 1, sizeof(*forms.used))};
	for (size_t i = 0; i < count; i++)
		if (!pattern_compile(arena, reading->pattern.items[i], &forms.patterns[i], err))
			return false;
	take_forms(&forms, op);
	return check_patterns(&forms, op, err) && check_words(&forms, err);
}

void encode_number_form(struct arena *arena, const struct csv_dialect *dialect, struct op *op)
{
	if (!op->takes_number)
		return;
	struct form *form = arena_calloc(arena, 1, sizeof(*form));
	form->decimal = dialect->decimal ? dialect->decimal : '.';
	form->thousands = dialect->thousands ? dialect->thousands : "";
	form->thousands_len = strlen(form->thousands);
	if (form->decimal == '.' && form->thousands_len == 0)
		return;
	form->expected = arena_printf(arena, "expected a number with '%c' as decimal sign%s%s%s",
		form->decimal, form->thousands_len ? " and '" : "", form->thousands,
		form->thousands_len ? "' between groups of three digits" : "");
	form->encode_plain = op->encode;
	op->encode = encode_number;
	op->form = form;
}
