// SPDX-License-Identifier: GPL-2.0-or-later
//
// Examines the judge of amounts over time (src/verdict/judge.h) on composed machines whose truth
// is known, and on recorded series; see README.md.
//
// usage: verdicts [--held-out | --seeds FIRST] [--no-look] [--quick] [--json] [--jobs N]
//                 [--only STAGE]... [--recorded DIRECTORY --ktally PROGRAM] | --self-check
// STAGE: quiet, dense, leaks, rates, baselines, recorded

#include "exam.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
	fprintf(stderr,
		"usage: verdicts [--held-out | --seeds FIRST] [--no-look] [--quick] [--json]\n"
		"                [--jobs N] [--only STAGE]... [--recorded DIRECTORY --ktally "
		"PROGRAM]\n"
		"       verdicts --self-check\n"
		"STAGE is quiet, dense, leaks, rates, baselines or recorded.\n");
	return EXIT_FAILURE;
}

static unsigned stage_bit(const char *name)
{
	for (unsigned s = 0; s < NR_STAGES; s++) {
		if (strcmp(stage_names[s], name) == 0)
			return 1u << s;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "held-out", no_argument, NULL, 'h' },
		{ "seeds", required_argument, NULL, 'S' }, { "no-look", no_argument, NULL, 'n' },
		{ "quick", no_argument, NULL, 'q' }, { "json", no_argument, NULL, 'j' },
		{ "jobs", required_argument, NULL, 'J' }, { "only", required_argument, NULL, 'o' },
		{ "recorded", required_argument, NULL, 'r' },
		{ "ktally", required_argument, NULL, 'k' },
		{ "self-check", no_argument, NULL, 's' }, { NULL, 0, NULL, 0 } };
	struct exam_options asked = { .look = true, .jobs = 2, .first_seed = SEEDS_TRAINING };
	bool json = false, self_check = false, ok;
	static struct exam exam;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'h': asked.first_seed = SEEDS_HELD_OUT; break;
		case 'S': asked.first_seed = strtoull(optarg, NULL, 10); break;
		case 'n': asked.look = false; break;
		case 'q': asked.quick = true; break;
		case 'j': json = true; break;
		case 'J': asked.jobs = (unsigned)atoi(optarg); break;
		case 'o':
			if (!stage_bit(optarg))
				return usage();
			asked.stages |= stage_bit(optarg);
			break;
		case 'r': asked.recorded = optarg; break;
		case 'k': asked.ktally = optarg; break;
		case 's': self_check = true; break;
		default: return usage();
		}
	}
	if (optind < argc || (asked.recorded && !asked.ktally))
		return usage();
	if (self_check)
		return exam_check_self() ? EXIT_SUCCESS : EXIT_FAILURE;
	if (asked.stages == 0)
		asked.stages = (1u << NR_STAGES) - 1;
	ok = exam_run(&asked, &exam);
	if (ok && json)
		exam_print_json(&exam);
	else if (ok)
		exam_print(&exam);
	else
		fprintf(stderr, "verdicts: out of memory, or recordings cannot be read\n");
	exam_free(&exam);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
