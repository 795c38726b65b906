/* SPDX-License-Identifier: Apache-2.0 */
/* The bar on a pseudo-terminal, and its absence anywhere else. */
#include "cli/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "support/capture.h"
#include "support/cmocka_all.h"

static char drawn[8192];

/* What `bytes` of 2,000,000 and then the end look like when stderr is a terminal. */
static const char *draw_on_terminal(bool bytes)
{
	struct progress progress;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal), 0);
	assert_int_equal(unlockpt(terminal), 0);
	int screen = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	int saved = dup(STDERR_FILENO);
	assert_true(dup2(screen, STDERR_FILENO) >= 0);
	progress_begin(&progress, "orders.csv", 2000000, bytes);
	progress_update(&progress, 1000000, 1234567);
	progress_update(&progress, 1500000, 1234567);
	progress_end(&progress, 2000000, 3000000);
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	/* The kernel hands a terminal's output on in pieces. */
	size_t len = 0;
	while (len == 0 || drawn[len - 1] != '\n') {
		ssize_t n = read(terminal, drawn + len, sizeof(drawn) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
	}
	drawn[len] = '\0';
	close(saved);
	close(screen);
	close(terminal);
	return drawn;
}

static void a_terminal_sees_the_bar(void **state)
{
	(void)state;
	const char *text = draw_on_terminal(true);
	assert_non_null(strstr(text, "\rorders.csv [############............]  50% "));
	assert_non_null(strstr(text, "1,234,567 rows"));
	assert_non_null(strstr(text, "MB/s"));
	/* The second update came within a tenth of a second. */
	assert_null(strstr(text, " 75% "));
	assert_non_null(strstr(text, "[########################] 100% "));
	assert_non_null(strstr(text, "3,000,000 rows"));
	assert_int_equal(text[strlen(text) - 1], '\n');
	text = draw_on_terminal(false);
	assert_non_null(strstr(text, "1,000,000 chunks"));
	assert_null(strstr(text, "MB/s"));
}

static void a_file_sees_nothing(void **state)
{
	static struct capture capture;
	struct progress progress;
	(void)state;
	capture_begin(&capture, stderr);
	progress_begin(&progress, "orders.csv", 0, true);
	progress_update(&progress, 1, 1);
	progress_end(&progress, 1, 1);
	assert_string_equal(capture_end(&capture), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_sees_the_bar),
		cmocka_unit_test(a_file_sees_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
