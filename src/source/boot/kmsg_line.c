// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parses lines of a kernel log, and decides which lines the kernel wrote during the boot.
//
// Programs write to /dev/kmsg too, and can write a line such as "Linux version 9" or "Memory:
// 1K/2K". The kernel replaces facility 0, its own, in what a program writes
// (kernel/printk/printk.c, devkmsg_write()). So in /dev/kmsg and "dmesg -r" the number before the
// message decides. Logs without the number are judged by what a program cannot do: run before init
// is started, or turn the clock back.

#include "source/boot/kmsg.h"

#include "model/unknown.h"

#include <string.h>

#define BOOT_US	   (600 * 1000000ll) /* no kernel takes longer to start init */
#define START_US   (10 * 1000000ll)  /* "Linux version" is among the first lines */
#define LAST_LINES 64u		     /* between the freeing of init memory and init */
#define LINES_MAX  (size_t)100000

/* ---- the end of the boot ---- */

bool kt_kmsg_is_behind(struct kt_kmsg_end *end, const struct kt_log_record *line)
{
	struct kt_span message = line->message;

	if (line->facility > 0 || line->time_us > BOOT_US)
		end->over = true;
	/* init/main.c, kernel_init(): the kernel frees init memory, then starts init */
	if (kt_span_starts(message, "Freeing unused kernel"))
		end->nr_left = LAST_LINES;
	else if (end->nr_left && !--end->nr_left)
		end->over = true;
	if (end->over)
		return true;
	end->over = kt_span_starts(message, "Run ") && kt_span_ends(message, " as init process");
	return false;
}

bool kt_kmsg_record_is_behind(void *end, struct kt_span record)
{
	struct kt_log_record line;

	/* lines below the first line of a record are its dictionary: " SUBSYSTEM=pci" */
	if (kt_span_starts(record, " "))
		return false;
	kt_log_parse(record, &line);
	return kt_kmsg_is_behind(end, &line);
}

/* ---- the boot in a log ---- */

struct starts {
	struct kt_span from, candidate; /* beginning of the boot; possible beginning of a boot */
	int64_t before_us;		/* microseconds; time of the line before */
	size_t nr;
};

/*
 * Decides whether a line begins a boot. A log file may hold several boots, and only the last one is
 * this machine's. Where the facility shows that the kernel wrote the line, the line begins a boot.
 * In a log without facilities it does so if it is early, and earlier than the line before it. In a
 * log without times it does so if the boot's "Memory:" line follows.
 */
static void judge_start(
	struct starts *starts, const struct kt_log_record *line, struct kt_span here)
{
	bool first = !starts->nr;

	if (line->facility > 0)
		return;
	if (line->facility < 0 && line->time_us >= 0 &&
		(line->time_us > START_US || (!first && line->time_us > starts->before_us)))
		return;
	if (!first && line->facility < 0 && line->time_us < 0) {
		starts->candidate = here;
		return;
	}
	starts->from = here;
	starts->nr++;
}

void kt_kmsg_walk_boot(struct kt_span text, struct kt_kmsg_walk *ret_walk)
{
	struct starts starts = { .from = text, .before_us = KT_UNKNOWN };
	struct kt_log_reader *reader = &ret_walk->reader;
	struct kt_log_record line;
	struct kt_span here = text;

	*ret_walk = (struct kt_kmsg_walk){ .reader.rest = text, .nr_left = LINES_MAX };
	for (size_t i = 0; i < LINES_MAX * 10; i++) {
		if (!reader->pieces.n)
			here = reader->rest;
		if (!kt_log_next(reader, &line))
			break;
		if (kt_span_starts(line.message, "Linux version "))
			judge_start(&starts, &line, here);
		if (starts.candidate.n && kt_span_starts(line.message, "Memory: ")) {
			starts.from = starts.candidate;
			starts.candidate = (struct kt_span){ 0 };
		}
		if (line.time_us >= 0)
			starts.before_us = line.time_us;
	}
	*reader = (struct kt_log_reader){ .rest = starts.from };
}

bool kt_kmsg_next(struct kt_kmsg_walk *walk, struct kt_log_record *ret_line)
{
	struct kt_log_reader *reader = &walk->reader;

	for (; walk->nr_left; walk->nr_left--) {
		/* below a record of /dev/kmsg stands its dictionary */
		bool dictionary = !reader->pieces.n && kt_span_starts(reader->rest, " ");

		if (!kt_log_next(reader, ret_line))
			break;
		if (ret_line->program ||
			(dictionary && kt_span_find(ret_line->message, "=") < ret_line->message.n))
			continue;
		if (kt_kmsg_is_behind(&walk->end, ret_line))
			break;
		walk->nr_left--;
		return true;
	}
	walk->nr_left = 0;
	return false;
}
