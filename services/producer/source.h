/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A publication's chunks, always from the archived copy and with the manifest's parameters: the
 * same ones whenever and wherever they are cut.
 */
#ifndef PENSTOCK_PRODUCER_SOURCE_H
#define PENSTOCK_PRODUCER_SOURCE_H

#include "archive/archive.h"
#include "archive/manifest.h"
#include "cutter/cutter.h"
#include "schema/schema.h"

struct source {
	struct schema *schema;
	struct input *input;
	struct cutter *cutter;
};

/*
 * The manifest is borrowed. DATA: the file's header does not fit the schema. FATAL: the archived
 * content is gone, or another version of the program cut this publication.
 */
MUST_CHECK bool source_open(struct archive *archive, const struct manifest *manifest,
	struct source *ret_source, struct err *err);
void source_close(struct source *source);

/*
 * Reads the whole publication without sending, where it could turn out unfit after its first
 * chunk: `max_rejects` is set, the file is compressed, or it is one document. DATA: it is unfit.
 */
MUST_CHECK bool source_judge(
	struct archive *archive, const struct manifest *manifest, struct err *err);

#endif
