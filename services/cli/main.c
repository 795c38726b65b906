/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands. A command is one file beside this one and one row here; --help, completion
 * and the man page are made from the rows, in this order.
 */
#include "cli/cli.h"

extern const struct command command_cancel;
extern const struct command command_check;
extern const struct command command_completion;
extern const struct command command_config_check;
extern const struct command command_config_print;
extern const struct command command_dev;
extern const struct command command_dev_broker;
extern const struct command command_docs;
extern const struct command command_fetch;
extern const struct command command_infer;
extern const struct command command_init;
extern const struct command command_job;
extern const struct command command_lag;
extern const struct command command_man;
extern const struct command command_monitor;
extern const struct command command_preview;
extern const struct command command_producer;
extern const struct command command_publish;
extern const struct command command_rejects;
extern const struct command command_replay;
extern const struct command command_report;
extern const struct command command_retract;
extern const struct command command_run;
extern const struct command command_scheduler;
extern const struct command command_status;
extern const struct command command_trace;
extern const struct command command_verify;
extern const struct command command_worker;

static const struct command *const rows[] = {
	&command_init,
	&command_dev,
	&command_dev_broker,
	&command_publish,
	&command_fetch,
	&command_producer,
	&command_worker,
	&command_scheduler,
	&command_monitor,
	&command_lag,
	&command_status,
	&command_preview,
	&command_infer,
	&command_run,
	&command_cancel,
	&command_check,
	&command_report,
	&command_docs,
	&command_job,
	&command_rejects,
	&command_replay,
	&command_retract,
	&command_trace,
	&command_verify,
	&command_config_print,
	&command_config_check,
	&command_completion,
	&command_man,
};

static const struct command_table commands = {rows, sizeof(rows) / sizeof(rows[0])};

int main(int argc, char **argv)
{
	return cli_main(&commands, argc, argv);
}
