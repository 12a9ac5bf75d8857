// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/err.h"

#include "test.h"

TEST(contexts_stand_before_the_message_outermost_first)
{
	KT_CLEANUP(err) struct kt_err *err = kt_err_new(KT_ERR_PARSE, "not a %s", "number");

	err = kt_err_prepend(err, "proc/meminfo:%d", 41);
	err = kt_err_prepend(err, "account");
	CHECK_STR(kt_err_text(err), "account: proc/meminfo:41: not a number");
	CHECK_INT(kt_err_code(err), KT_ERR_PARSE);
}

TEST(what_is_not_there_is_not_what_is_forbidden)
{
	static const struct {
		int errnum;
		enum kt_err_code code;
	} cases[] = {
		{ EACCES, KT_ERR_DENIED },
		{ EPERM, KT_ERR_DENIED },
		{ ENOENT, KT_ERR_ABSENT },
		{ ENOTDIR, KT_ERR_ABSENT },
		{ ENODEV, KT_ERR_ABSENT },
		{ ENXIO, KT_ERR_ABSENT },
		{ ELOOP, KT_ERR_REFUSED },
		{ EXDEV, KT_ERR_REFUSED },
		{ ENOMEM, KT_ERR_NOMEM },
		{ EIO, KT_ERR_OS },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(err) struct kt_err *err = kt_err_os(cases[i].errnum, "file");

		CHECK_INT(kt_err_code(err), cases[i].code);
	}
}

TEST(an_error_of_the_system_says_what_the_system_says)
{
	KT_CLEANUP(err) struct kt_err *err = kt_err_os(ENOENT, "proc/%s", "x");
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "proc/x: %s", strerror(ENOENT));
	CHECK_STR(kt_err_text(err), wanted);
}

TEST(no_error_can_be_freed)
{
	struct kt_err *none = NULL;

	kt_err_free(NULL);
	kt_err_cleanup(&none);
	CHECK(!none);
}
