/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka's error codes as error classes: the table of Kafka errors, in one place. Codes are
 * enum rd_kafka_resp_err_t passed as int, so that this header needs no librdkafka.
 */
#ifndef PENSTOCK_KAFKA_ERRORS_H
#define PENSTOCK_KAFKA_ERRORS_H

#include "base/err.h"

/* FATAL for what only a person can mend, RETRY for all else, codes of newer brokers included. */
enum err_class kafka_error_class(int code);

/* Fills err: the text of `fmt`, librdkafka's description of the code, what to do. Returns false. */
bool kafka_fail(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
