/* SPDX-License-Identifier: Apache-2.0 */
/* A line for people elsewhere: POST {"text": ...} to the configured webhook. */
#ifndef PENSTOCK_SCHEDULER_ALERT_H
#define PENSTOCK_SCHEDULER_ALERT_H

#include "config/config.h"

/* Nothing without a webhook. A failure is logged: an alert never fails what it tells about. */
void alert_send(const struct config *config, const char *text);

#endif
