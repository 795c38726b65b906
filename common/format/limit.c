/* SPDX-License-Identifier: Apache-2.0 */
#include "format/limit.h"

#define RATIO_AFTER ((int64_t)100 << 20)
#define RATIO_MAX   2000.0

bool limit_holds(
	const struct input_limits *limits, int64_t output, int64_t compressed, struct err *err)
{
	double ratio = limits->max_ratio > 0 ? limits->max_ratio : RATIO_MAX;
	if (limits->max_bytes > 0 && output > limits->max_bytes)
		return err_fail(err, ERR_DATA, "more than %lld bytes decompressed",
			(long long)limits->max_bytes);
	if (output > RATIO_AFTER && (double)output > ratio * (double)compressed)
		return err_fail(err, ERR_DATA,
			"%lld bytes out of %lld compressed ones; at most %.0f times as many "
			"are read",
			(long long)output, (long long)compressed, ratio);
	return true;
}
