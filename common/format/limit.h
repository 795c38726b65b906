/* SPDX-License-Identifier: Apache-2.0 */
/* The caps on what a compressed file may become. Private. */
#ifndef PENSTOCK_FORMAT_LIMIT_H
#define PENSTOCK_FORMAT_LIMIT_H

#include "format/input.h"

/* Class DATA when `output` bytes out of `compressed` ones pass the limits. */
MUST_CHECK bool limit_holds(
	const struct input_limits *limits, int64_t output, int64_t compressed, struct err *err);

#endif
