/* SPDX-License-Identifier: Apache-2.0 */
/* One file, start to end: claim, archive, manifest, send. */
#include <stdio.h>

#include "base/fault.h"
#include "fetch/fetch.h"
#include "producer/claim.h"
#include "producer/intake.h"
#include "producer/ledger.h"
#include "producer/send.h"

void publication_result_fill(
	const struct manifest *manifest, bool already, struct publication_result *ret_result)
{
	*ret_result = (struct publication_result){
		.dataset = manifest->dataset,
		.file_id = manifest->file_id,
		.already = already,
		.quarantined = manifest->state == PUBLICATION_QUARANTINED,
		.retracted = manifest->state == PUBLICATION_RETRACTED,
		.sent_ms = manifest->sent_ms,
		.size = manifest->size,
		.chunks = manifest->chunks,
		.records = manifest->records,
		.rows = manifest->rows,
		.rejects = manifest->rejects,
	};
	snprintf(ret_result->sha256, sizeof(ret_result->sha256), "%s", manifest->sha256);
	snprintf(ret_result->name, sizeof(ret_result->name), "%s", manifest->name);
	snprintf(ret_result->reason, sizeof(ret_result->reason), "%s", manifest->reason);
}

static bool publish_content(struct publisher *publisher, const struct content *content,
	void (*published)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	struct manifest manifest;
	manifest_init(&manifest);
	bool created = false;
	bool ok = publication_begin(
		publisher, content, publisher->options->again, &manifest, &created, err);
	if (ok)
		fault_point("producer.manifest");
	if (ok && created && manifest.state == PUBLICATION_QUARANTINED)
		ledger_try_note_quarantine(publisher->options->config, &manifest);
	bool already = ok && !created && manifest.state != PUBLICATION_PENDING;
	if (ok && manifest.state == PUBLICATION_PENDING)
		ok = publication_send(publisher, &manifest, err);
	if (ok) {
		struct publication_result result;
		publication_result_fill(&manifest, already, &result);
		published(context, &result);
	}
	manifest_release(&manifest);
	return ok;
}

static const struct dataset *source_dataset(const struct publisher *publisher, const char *path)
{
	const struct publish_options *options = publisher->options;
	const struct remote *remote = fetch_source_of(options->config, path);
	return remote && *remote->dataset ? datasets_find(options->datasets, remote->dataset)
					  : NULL;
}

bool publish_claim(struct publisher *publisher, struct claim *claim,
	void (*published)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	struct intake intake;
	intake_init(&intake);
	publisher->fetched = source_dataset(publisher, claim->path);
	fault_point("producer.claimed");
	bool ok = intake_read(publisher, claim, &intake, err);
	if (ok)
		fault_point("producer.archived");
	for (size_t i = 0; ok && i < intake.count; i++)
		ok = publish_content(publisher, &intake.items[i], published, context, err);
	intake_release(&intake);
	return ok;
}

bool publish_file(struct publisher *publisher, const char *path,
	void (*published)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	struct claim claim;
	if (!claim_open(path, true, &claim, err))
		return false;
	bool ok = publish_claim(publisher, &claim, published, context, err);
	claim_close(&claim);
	return ok;
}
