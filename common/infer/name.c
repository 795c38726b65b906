/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/name.h"

#include <ctype.h>
#include <string.h>

#include "base/file.h"

/* Postgres cuts longer ones; room for a number behind it stays. */
#define NAME_BYTES 56

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool name_is_plain(const char *name)
{
	if (!is_letter(*name) || strcmp(name, "_file") == 0 || strcmp(name, "_row") == 0)
		return false;
	size_t n = 0;
	while (is_letter(name[n]) || is_digit(name[n]))
		n++;
	return name[n] == '\0' && n <= NAME_BYTES;
}

/* Letters and digits in lower case, '_' for each run of anything else between them. */
static const char *clean(struct arena *arena, const char *text, size_t len)
{
	char name[NAME_BYTES + 1];
	size_t n = 0;
	bool gap = false;
	for (size_t i = 0; i < len && n < NAME_BYTES - 2; i++) {
		bool kept = (is_letter(text[i]) && text[i] != '_') || is_digit(text[i]);
		if (!kept) {
			gap = n > 0;
			continue;
		}
		if (gap || (n == 0 && is_digit(text[i])))
			name[n++] = '_';
		name[n++] = (char)tolower((unsigned char)text[i]);
		gap = false;
	}
	return n ? arena_strndup(arena, name, n) : NULL;
}

const char *name_of_field(struct arena *arena, const char *header)
{
	if (name_is_plain(header))
		return header;
	const char *name = clean(arena, header, strlen(header));
	return name ? name : "field";
}

void name_of_dataset(
	struct arena *arena, const char *file, const char **ret_name, const char **ret_pattern)
{
	const char *base = file_name(file);
	size_t stem = strcspn(base, ".");
	size_t kept = stem;
	while (kept > 0 && (is_digit(base[kept - 1]) || strchr("-_ ", base[kept - 1])))
		kept--;
	if (kept == 0)
		kept = stem;
	const char *name = clean(arena, base, kept);
	*ret_name = name ? name : "data";
	bool special = strpbrk(base, "*?[\\") != NULL;
	*ret_pattern = special ? arena_printf(arena, "*%s", base[stem] ? base + stem : "")
			       : arena_printf(arena, "%.*s*%s", (int)kept, base, base + stem);
}
