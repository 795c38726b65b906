/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/wide.h"

#include <string.h>

#include "infer/period.h"

bool wide_find(struct draft *draft, const struct columns *columns, struct wide *ret_wide)
{
	const char *const *names = (const char *const *)columns->names.items;
	const struct period *period = period_of_names(names, columns->count);
	struct wide wide = {0};
	if (!period)
		return false;
	wide.unit = period_unit(period);
	wide.which = arena_calloc(&draft->arena, columns->count, sizeof(*wide.which));
	size_t runs = 0;
	for (size_t i = 0; i < columns->count; i++) {
		wide.which[i] = period_matches(period, names[i]);
		wide.count += wide.which[i];
		runs += wide.which[i] && (i == 0 || !wide.which[i - 1]);
	}
	/* What stands between two periods is likely one itself, in another language. */
	if (runs != 1 || wide.count == columns->count ||
		columns_together(columns, wide.which, &draft->arena).text)
		return false;
	*ret_wide = wide;
	return true;
}

/* Years are numbers, days are dates; other periods stay texts. */
static struct guessed type_of_names(
	struct draft *draft, const struct columns *columns, const struct wide *wide)
{
	struct guess names;
	guess_init(&names);
	for (size_t i = 0; i < columns->count; i++)
		if (wide->which[i])
			guess_text(&names, columns->guesser, &columns->signs,
				columns->names.items[i], strlen(columns->names.items[i]));
	bool plain = strcmp(wide->unit, "year") != 0 && strcmp(wide->unit, "day") != 0;
	return plain ? (struct guessed){.type = "\"string\""}
		     : guess_result(&names, false, &draft->arena);
}

bool wide_add_fields(struct draft *draft, const struct columns *columns, const struct wide *wide)
{
	struct unpivot *unpivot = &draft->reading.unpivot;
	size_t kept = draft->field_count;
	unpivot->keep = (struct string_list){
		arena_calloc(&draft->arena, kept + 1, sizeof(*unpivot->keep.items)), kept};
	for (size_t i = 0; i < kept; i++)
		unpivot->keep.items[i] = draft->fields[i].name;
	struct draft_field *names = draft_add_field(draft, wide->unit, false);
	struct draft_field *values = draft_add_field(draft, "value", false);
	if (!names || !values)
		return false;
	draft_set_type(names, type_of_names(draft, columns, wide));
	draft_set_type(values, columns_together(columns, wide->which, &draft->arena));
	unpivot->enabled = true;
	unpivot->names = names->name;
	unpivot->values = values->name;
	unpivot->skip_nulls = true;
	draft_note(draft,
		"%zu columns, each named after a %s, become rows; without `unpivot` each is a "
		"column",
		wide->count, wide->unit);
	return true;
}
