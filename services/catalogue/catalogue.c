/* SPDX-License-Identifier: Apache-2.0 */
#include "catalogue/parts.h"

#include "base/log.h"
#include "catalogue/catalogue.h"

bool catalogue_make(const struct catalogue_options *options, struct buf *out, struct err *err)
{
	struct catalogue catalogue = {.config = options->config, .datasets = options->datasets};
	if (!project_load(options->config, &catalogue.project, err))
		return false;
	arena_init(&catalogue.arena, CATALOGUE_MAX_BYTES);
	bool ok = report_files_load(options->config, &catalogue.arena, &catalogue.reports, err);
	if (ok) {
		catalogue_connect(&catalogue);
		if (options->offline)
			catalogue.blind = "it was not asked (--offline)";
		else
			catalogue_ask(&catalogue);
		if (catalogue.blind && !options->offline)
			log_warn("the catalogue is made without the ledger",
				log_str("reason", catalogue.blind));
		catalogue_write(&catalogue, out);
		ok = !out->overflow || err_fail(err, ERR_FATAL,
					       "the catalogue is longer than %zu "
					       "bytes",
					       out->max);
	}
	ledger_facts_release(&catalogue.facts);
	arena_release(&catalogue.arena);
	project_release(&catalogue.project);
	return ok;
}
