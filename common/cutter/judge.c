/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file has more rejects than its dataset bears. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cutter/cutter.h"

#define REASONS_SHOWN 3
#define REASON_BYTES  200
#define MESSAGE_BYTES 4096

/* The first reasons, for the message. */
struct reasons {
	struct buf text;
	int count;
};

static void note(void *context, const struct reject *reject)
{
	struct reasons *reasons = context;
	if (reasons->count++ >= REASONS_SHOWN)
		return;
	buf_printf(&reasons->text, "; record %" PRId64, reject->record);
	if (*reject->column) {
		buf_append_text(&reasons->text, ", column ");
		text_excerpt(&reasons->text, reject->column, strlen(reject->column), REASON_BYTES);
	}
	buf_append_text(&reasons->text, ": ");
	text_excerpt(&reasons->text, reject->reason, strlen(reject->reason), REASON_BYTES);
}

static bool within(const struct reading *reading, const struct cutter_totals *totals,
	char *ret_limit, size_t size)
{
	if (reading->max_rejects >= 0 && totals->rejects > reading->max_rejects) {
		snprintf(ret_limit, size, "%" PRId64, reading->max_rejects);
		return false;
	}
	if (reading->max_reject_share >= 0 &&
		(double)totals->rejects > reading->max_reject_share * (double)totals->records) {
		snprintf(ret_limit, size, "%.4g %%", reading->max_reject_share * 100);
		return false;
	}
	return true;
}

static bool read_to_end(struct cutter *cutter, struct err *err)
{
	struct buf message;
	struct chunk_info info;
	bool done = false;
	bool ok = true;
	buf_init(&message, (size_t)2 * CHUNK_MAX_BYTES);
	while (ok && !done) {
		buf_clear(&message);
		ok = cutter_next(cutter, &message, &info, &done, err);
	}
	buf_release(&message);
	return ok;
}

bool cutter_judge(struct cutter *cutter, const struct reading *reading,
	struct cutter_totals *ret_totals, struct err *err)
{
	struct reasons reasons = {0};
	char limit[32];
	buf_init(&reasons.text, MESSAGE_BYTES);
	cutter_on_reject(cutter, note, &reasons);
	bool ok = read_to_end(cutter, err);
	cutter_on_reject(cutter, NULL, NULL);
	if (ok) {
		struct cutter_totals totals = cutter_totals(cutter);
		ok = within(reading, &totals, limit, sizeof(limit));
		if (ok)
			*ret_totals = totals;
		else
			err_fail(err, ERR_DATA,
				"%" PRId64 " of %" PRId64 " records rejected, max_rejects is %s%s",
				totals.rejects, totals.records, limit, buf_text(&reasons.text));
	}
	buf_release(&reasons.text);
	return ok;
}
