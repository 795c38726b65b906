/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>

#include "base/stop.h"

int cli_fail(const struct err *err)
{
	fflush(stdout);
	fprintf(stderr, "penstock: %s\n", err->message);
	return err_exit_code(err);
}

int cli_exit_code(int code)
{
	return stop_requested() ? 128 + stop_signal() : code;
}
