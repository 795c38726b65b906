/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "dev/dev.h"
#include "kafka/embedded.h"

bool dev_broker_run(const struct datasets *datasets, uint32_t partitions, const char *address_path,
	struct err *err)
{
	size_t count = datasets->count + 1;
	struct embedded_topic *topics = calloc(count, sizeof(*topics));
	if (!topics)
		BUG("out of memory");
	for (size_t i = 0; i < datasets->count; i++)
		topics[i] = (struct embedded_topic){datasets->items[i].topic, (int32_t)partitions};
	topics[datasets->count] = (struct embedded_topic){datasets->dead_topic, 1};
	struct embedded_broker *broker = NULL;
	bool ok = embedded_broker_open(topics, count, &broker, err);
	free(topics);
	if (!ok)
		return false;
	const char *address = embedded_broker_address(broker);
	ok = file_replace(address_path, address, strlen(address), err);
	if (ok) {
		log_info("embedded broker listens", log_str("address", address));
		while (!stop_wait_ms(60000))
			;
	}
	embedded_broker_close(broker);
	return ok;
}
