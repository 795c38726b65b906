/* SPDX-License-Identifier: Apache-2.0 */
/* What `replay` does with each kind of what was left behind, one line or row for each. */
#ifndef PENSTOCK_CLI_REPLAY_H
#define PENSTOCK_CLI_REPLAY_H

#include "cli/cli.h"
#include "cli/find_publication.h"
#include "cli/rebuilding.h"
#include "cli/table.h"
#include "producer/replay.h"

struct replay_options {
	const char *dataset;
	const char *sha256;
	bool quarantined;
	bool dead_letters;
	bool rejects;
	bool dry_run;
	bool json;
};

struct replay {
	const struct replay_options *options;
	struct cli *cli;
	struct publication_wanted wanted;
	struct arena arena;
	struct table *table; /* NULL: lines */
	struct publisher *publisher;
	int64_t taken;
	bool left; /* something is still refused, or has rejects */
};

/* One result. `outcome`: "published", "still quarantined" ... */
void replay_tell(struct replay *replay, const char *kind, const char *outcome,
	const struct publication_result *result);

/* Files with rejects, loaded anew by the parameters of now in the place of their old rows. */
MUST_CHECK bool replay_rejects(struct replay *replay, struct err *err);

#endif
