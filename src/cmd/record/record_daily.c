// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_daily.h"

#include "base/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_ROOM 4096
#define SUFFIX	  ".rec"

static void day_of(int64_t ms, char ret[KT_DAY_ROOM])
{
	char when[KT_WHEN_ROOM];

	snprintf(ret, KT_DAY_ROOM, "%.10s", kt_when_local(ms, when));
}

void kt_record_daily_init(struct kt_record_daily *daily, const char *path)
{
	struct stat file;

	daily->day[0] = '\0';
	if (stat(path, &file) == 0 && S_ISREG(file.st_mode) && file.st_size)
		day_of(file.st_mtim.tv_sec * 1000ll, daily->day);
}

static bool path_of_day(const char *path, const char *day, char ret[PATH_ROOM])
{
	size_t length = strlen(path), suffix = strlen(SUFFIX);
	bool has_suffix = length > suffix && strcmp(path + length - suffix, SUFFIX) == 0;
	int n = snprintf(ret, PATH_ROOM, "%.*s-%s%s", (int)(has_suffix ? length - suffix : length),
		path, day, has_suffix ? SUFFIX : "");

	return n > 0 && n < PATH_ROOM;
}

struct kt_err *kt_record_daily_turn(
	struct kt_record_daily *daily, const char *path, int64_t real_ms, bool *ret_turned)
{
	char day[KT_DAY_ROOM], old[KT_DAY_ROOM], to[PATH_ROOM];
	struct stat file;

	*ret_turned = false;
	day_of(real_ms, day);
	if (!daily->wanted || strcmp(day, daily->day) <= 0)
		return NULL;
	memcpy(old, daily->day, sizeof(old));
	memcpy(daily->day, day, sizeof(day));
	if (!*old)
		return NULL;
	if (!path_of_day(path, old, to))
		return kt_err_new(
			KT_ERR_LIMIT, "%s: the path is too long for the name of a day", path);
	/* not a race with another recorder: this one has the lock of the file */
	if (lstat(to, &file) == 0)
		return kt_err_new(KT_ERR_REFUSED, "%s already exists; %s goes on with the next day",
			to, path);
	if (rename(path, to) < 0)
		return kt_err_os(errno, "%s: cannot be renamed to %s", path, to);
	*ret_turned = true;
	return NULL;
}
