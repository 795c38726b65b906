/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct opt *find_long(const struct opt_table *table, const char *name, size_t n)
{
	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->rows[i].name) == n && memcmp(table->rows[i].name, name, n) == 0)
			return &table->rows[i];
	return NULL;
}

static const struct opt *find_letter(const struct opt_table *table, char letter)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].letter == letter)
			return &table->rows[i];
	return NULL;
}

static bool store(const struct opt *opt, void *target, const char *value, struct err *err)
{
	void *member = (char *)target + opt->offset;
	switch (opt->kind) {
	case OPT_FLAG:
		*(bool *)member = true;
		return true;
	case OPT_COUNT:
		++*(int *)member;
		return true;
	case OPT_TEXT:
		*(const char **)member = value;
		return true;
	case OPT_INT:
		if (!text_int64(value, member) || *(int64_t *)member < 0)
			return err_usage(
				err, "--%s takes a whole number, not '%s'", opt->name, value);
		return true;
	case OPT_DURATION:
		if (!text_duration(value, member))
			return err_usage(err,
				"--%s takes a duration such as 500ms, 5s or 2m, not '%s'",
				opt->name, value);
		return true;
	case OPT_LIST: {
		struct opt_list *list = member;
		if (list->count == OPT_LIST_MAX)
			return err_usage(
				err, "--%s may be given %d times at most", opt->name, OPT_LIST_MAX);
		list->items[list->count++] = value;
		return true;
	}
	}
	BUG("option kind %d", (int)opt->kind);
}

static bool takes_value(const struct opt *opt)
{
	return opt->kind != OPT_FLAG && opt->kind != OPT_COUNT;
}

struct words {
	int argc;
	char **argv;
	int at;
};

static bool parse_long(
	const struct opt_table *table, void *target, struct words *words, struct err *err)
{
	const char *name = words->argv[words->at] + 2;
	const char *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *opt = find_long(table, name, n);
	if (!opt)
		return err_usage(
			err, "unknown option --%.*s; --help lists the options", (int)n, name);
	if (!takes_value(opt)) {
		if (equals)
			return err_usage(err, "--%s takes no value", opt->name);
		return store(opt, target, NULL, err);
	}
	if (equals)
		return store(opt, target, equals + 1, err);
	if (words->at + 1 == words->argc)
		return err_usage(
			err, "--%s needs a value: --%s %s", opt->name, opt->name, opt->argument);
	return store(opt, target, words->argv[++words->at], err);
}

static bool parse_letters(
	const struct opt_table *table, void *target, struct words *words, struct err *err)
{
	for (const char *p = words->argv[words->at] + 1; *p; p++) {
		const struct opt *opt = find_letter(table, *p);
		if (!opt)
			return err_usage(err, "unknown option -%c; --help lists the options", *p);
		if (!takes_value(opt)) {
			if (!store(opt, target, NULL, err))
				return false;
			continue;
		}
		if (p[1])
			return store(opt, target, p + 1, err);
		if (words->at + 1 == words->argc)
			return err_usage(err, "-%c needs a value: -%c %s", *p, *p, opt->argument);
		return store(opt, target, words->argv[++words->at], err);
	}
	return true;
}

bool opts_parse(const struct opt_table *table, void *target, bool stop_at_word, int argc,
	char **argv, int at, int *ret_words, int *ret_next, struct err *err)
{
	struct words words = {argc, argv, at};
	int kept = at;
	bool only_words = false;
	for (; words.at < argc; words.at++) {
		char *word = argv[words.at];
		if (!only_words && strcmp(word, "--") == 0) {
			only_words = true;
		} else if (only_words || word[0] != '-' || word[1] == '\0') {
			if (stop_at_word)
				break;
			argv[kept++] = word;
		} else if (word[1] == '-' ? !parse_long(table, target, &words, err)
					  : !parse_letters(table, target, &words, err)) {
			return false;
		}
	}
	*ret_words = stop_at_word ? argc - words.at : kept - at;
	*ret_next = stop_at_word ? words.at : at;
	return true;
}

void opts_print(const struct opt_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct opt *opt = &table->rows[i];
		char left[64];
		char letter[8] = "    ";
		if (opt->letter)
			snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, opt->name,
			opt->argument ? " " : "", opt->argument ? opt->argument : "");
		printf("  %-28s %s\n", left, opt->help);
	}
}
